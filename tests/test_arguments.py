"""Bad input: every argument of every public function refuses it, in one sentence that begins with its name."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import mombook as mb
from mombook import Method, Spectrum, arguments

NAN, INF, HUGE = float("nan"), float("inf"), [1e200, -1e200, 10**400, -(10**400), Fraction(10) ** 400]
WORDS = ["1", None, 1j, True, object(), [], {}]                         # never a number
NUMBER = [*WORDS, NAN, INF, -INF, Decimal("0.5"), *HUGE, [1.0, 2.0]]
POSITIVE = [*NUMBER, 0.0, -1.0]
NOT_NEGATIVE = [*NUMBER, -1e-300]
AT_LEAST_ONE = [*NUMBER, 0.999, 0.0, -3]
BATCHES = [*WORDS, *HUGE, [10**400], [1e200], np.ma.masked_array([1.0, 2.0], [False, True]),
           NAN, INF, 0.999, -3, [0.5], [NAN], [1.0, INF], ["8"], [1j], [True], [[1.0], [1.0, 2.0]]]
WHOLE = [*NUMBER, 2.5, -1]
WHOLE_POSITIVE = [*WHOLE, 0]
MEMORY = [*NUMBER, -1e-9, 1.0, 1.5]
FAMILY = ["adam", "", None, 1, ["sgd"], "SGD"]
SPECTRUM = [None, [1.0, 0.5], np.ones(3), "flat", 2.0]
METHOD = [None, (0.1, 0.0, 0.0), "sgd", 0.1]
START = ["1", None, 1j, True, [], NAN, INF, -1.0, [1.0], [1.0, -1.0], [1.0, NAN], [[1.0, 1.0]], ["a", "b"], [[1.0], [1.0, 2.0]]]
RNG = [None, 0, np.random, "pcg", np.random.RandomState(0)]
EIGENVALUES = ["abc", None, [], [[1.0]], 1.0, [1.0, 0.0], [1.0, -1.0], [1.0, NAN], [INF], [1j], ["1"], [True],
               [[1.0], [1.0, 2.0]], {}]

COUNTS = ["ab", [], [1], [1, 0], [1, -1], [1, NAN], [1, INF], [[1, 1]], [1, 1j], 2]

H, M = Spectrum([1.0, 0.5], counts=[1, 2]), Method(0.1, 0.02, 0.5)
RULES = {"spectrum": H, "method": M, "batch": 4}
SOME = ["1", None, 1j, True, [], NAN, [INF], ["a"], [[1.0], [1.0, 2.0]]]  # not an array of numbers
KURTOSIS = [*NUMBER[:-1], 0.99, -3.0, [1.0], [3.0, 0.5], [3.0, NAN], [[3.0, 3.0]]]
ROWS = np.array([[1.0, 2.0], [2.0, 5.0], [3.0, -1.0]])
EXACT = {"spectrum": SPECTRUM, "method": METHOD, "batch": BATCHES, "kurtosis": KURTOSIS}
CURVE = {**EXACT, "batch": AT_LEAST_ONE, "noise": NOT_NEGATIVE, "start": START}
RUN = {"spectrum": SPECTRUM, "method": METHOD, "batch": [*WHOLE, 0], "steps": WHOLE, "runs": WHOLE_POSITIVE, "rng": RNG,
       "sampler": ["two_draw", None, 1], "noise": NOT_NEGATIVE, "start": [*START[:9], [1.0, 1.0]]}
RUNS = {**RULES, "steps": 2, "runs": 2, "rng": np.random.default_rng(0)}
TYPICAL = {k: v for k, v in RUN.items() if k not in ("sampler", "noise")} | {
    "steps": [*WHOLE, 1], "runs": [*WHOLE, 1], "burn": [*(v for v in WHOLE if v is not None), 4], "start": [*RUN["start"], 0.0]}
RATE = {**RULES, "steps": 4, "runs": 2, "rng": np.random.default_rng(0)}
BOUND = {"spectrum": SPECTRUM, "batch": BATCHES}
ON = {"spectrum": H, "batch": 4}
DIAGRAM = mb.sweep(mb.phase_diagram.grid((10, 100, 2), (1, 2, 2), (1, 4, 2), d=3), "serial", progress=False)
CUT = mb.sweep({"d": 3, "decay": 1.0, "family": "sgd", "batch": 1}, "serial", progress=False)

# What is called, a call that is fine, and what each argument must refuse.
TABLE = {
    "Spectrum": (Spectrum, {"eigenvalues": [1.0, 0.5], "counts": [1, 2]}, {"eigenvalues": EIGENVALUES, "counts": COUNTS}),
    "Spectrum.flat": (Spectrum.flat, {"d": 3}, {"d": WHOLE_POSITIVE}),
    "Spectrum.two_level": (Spectrum.two_level, {"d": 5, "kappa": 10, "top": 2},
                           {"d": [*WHOLE_POSITIVE, 1], "kappa": AT_LEAST_ONE, "top": [*WHOLE_POSITIVE, 5]}),
    "Spectrum.geometric": (Spectrum.geometric, {"d": 5, "kappa": 10}, {"d": [*WHOLE_POSITIVE, 1], "kappa": AT_LEAST_ONE}),
    "Spectrum.power_law": (Spectrum.power_law, {"d": 5, "decay": 1.0, "kappa": 10.0},
                           {"d": [*WHOLE_POSITIVE, 1], "decay": [*NOT_NEGATIVE, 0.0],
                            "kappa": [v for v in AT_LEAST_ONE if v is not None]}),
    "Spectrum.power_law, no kappa": (Spectrum.power_law, {"d": 50, "decay": 1.0},
                                     {"d": WHOLE_POSITIVE, "decay": [*NOT_NEGATIVE, 1e3],
                                      "ends": ["bottom", "", None, 1, ["top"]]}),
    "Spectrum.scaled": (H.scaled, {"factor": 2.0}, {"factor": [*POSITIVE, 1e99 * 1e3, 1e-99 * 1e-3]}),
    "Spectrum.compressed": (Spectrum.power_law(100, 1.5).compressed, {"per_octave": 2},
                            {"per_octave": [*NUMBER, 0, 0.05, -1, 1001]}),
    "Method": (Method, {"delta": 0.1, "eta": 0.1, "beta": 0.5}, {"delta": NUMBER, "eta": NUMBER, "beta": MEMORY}),
    "Family": (mb.Family, {"word": "QHM", "make": Method.heavy_ball},
               {"word": ["", None, 1], "make": [None, Method(0.1, 0.1, 0.5), lambda rate: Method.sgd(rate), "sgd"]}),
    "Method.sgd": (Method.sgd, {"lr": 0.1}, {"lr": POSITIVE}),
    "Method.heavy_ball": (Method.heavy_ball, {"lr": 0.1, "beta": 0.5}, {"lr": POSITIVE, "beta": MEMORY}),
    "Method.nesterov": (Method.nesterov, {"lr": 0.1, "beta": 0.5}, {"lr": POSITIVE, "beta": MEMORY}),
    "Method.ema": (Method.ema, {"lr": 0.1, "beta": 0.5}, {"lr": POSITIVE, "beta": MEMORY}),
    "Method.qhm": (Method.qhm, {"lr": 0.1, "nu": 0.7, "beta": 0.5}, {"lr": POSITIVE, "nu": NUMBER, "beta": MEMORY}),
    "Method.mass": (Method.mass, {"eta1": 0.1, "eta2": 0.1, "gamma": 0.5},
                    {"eta1": NOT_NEGATIVE, "eta2": NUMBER, "gamma": MEMORY}),
    "Method.accsgd": (Method.accsgd, {"lr": 0.1, "kappa": 10, "xi": 2, "small_const": 0.7},
                      {"lr": POSITIVE, "kappa": AT_LEAST_ONE, "xi": [*POSITIVE, 21.0], "small_const": [*POSITIVE, 1.1]}),
    "Method.jain": (Method.jain, {"alpha": 0.9, "beta": 0.1, "gamma": 0.1, "delta": 0.1},
                    {"alpha": [*NUMBER, -0.1, 1.1], "beta": [*POSITIVE, 1.1], "gamma": NUMBER, "delta": NOT_NEGATIVE}),
    "Method.as_jain": (M.as_jain, {"small_const": 0.7}, {"small_const": [*POSITIVE, 1.1]}),
    "Method.as_accsgd": (M.as_accsgd, {"small_const": 0.7}, {"small_const": [*POSITIVE, 1.1]}),
    "contraction_gap": (mb.contraction_gap, {**RULES, "kurtosis": 3}, EXACT),
    "is_stable": (mb.is_stable, {**RULES, "kurtosis": 3}, EXACT),
    "noise_floor": (mb.noise_floor, {**RULES, "kurtosis": 3, "noise": 1.0}, {**EXACT, "noise": NOT_NEGATIVE}),
    "risk_curve": (mb.risk_curve, {**RULES, "steps": 3, "kurtosis": 3, "noise": 1.0, "start": 1.0}, {**CURVE, "steps": WHOLE}),
    "risk_spread": (mb.risk_spread, {**RULES, "steps": 3, "noise": 1.0, "start": 1.0},
                    {name: bad for name, bad in {**CURVE, "steps": WHOLE}.items() if name != "kurtosis"}),
    "risk_at": (mb.risk_at, {**RULES, "times": [0, 3], "kurtosis": 3, "noise": 1.0, "start": 1.0},
                {**CURVE, "times": [*WORDS, NAN, 3, [-1], [1.5], [3, 2], [NAN], [[1]], ["1"]]}),
    "steps_to": (mb.steps_to, {**RULES, "target": 0.5, "kurtosis": 3, "noise": 0.0, "start": 1.0, "limit": 10},
                 {**CURVE, "target": POSITIVE, "limit": WHOLE_POSITIVE}),
    "contraction_gaps": (mb.contraction_gaps,
                         {"spectrum": H, "delta": 0.1, "eta": [0.1, 0.2], "beta": 0.5, "batch": 4, "kurtosis": 3,
                          "tolerance": 1e-7},
                         {"spectrum": SPECTRUM, "delta": SOME, "eta": SOME, "beta": [*SOME, -0.1, [0.5, 1.0]], "batch": BATCHES,
                          "kurtosis": KURTOSIS, "tolerance": [*POSITIVE, 0.2]}),
    "fit_exponent": (mb.fit_exponent, {"x": [1, 2, 3, 4, 5], "y": [1, 2, 3, 4, 5], "confidence": 0.9},
                     {"x": [*SOME, [1, 2, 3, 4], [1, 2, 2, 3, 4], [0, 1, 2, 3, 4]],
                      "y": [*SOME, [1, 2], [0, 1, 2, 3, 4]], "confidence": [*POSITIVE, 1.0]}),
    "step_limit": (mb.step_limit, {"spectrum": H, "batch": 4, "beta": 0.5, "feedback": 1.0},
                   {"spectrum": SPECTRUM, "batch": AT_LEAST_ONE, "beta": MEMORY, "feedback": [*POSITIVE, 1.1]}),
    "dialects": (mb.dialects, {"method": M}, {"method": METHOD}),
    "Buffers": (mb.Buffers, {"delta": 0.1, "etas": [0.1, 0.2], "betas": [0.5, 0.9]},
                {"delta": NUMBER, "etas": [None, 0.1, ["a", 1], [NAN, 1.0], [1j, 1.0], [True, 1.0]],
                 "betas": [None, 0.1, ["a", 0.5], [0.5, 1.0], [0.5, -0.1], [0.5], [0.5, NAN]]}),
    "simulate": (mb.simulate, RUNS, RUN),
    "typical_rate": (mb.typical_rate, {**RATE, "start": 1.0}, TYPICAL),
    "sgd_profile": (mb.sgd_profile, {"spectrum": H, "lr": 0.1, "batch": 4},
                    {"spectrum": SPECTRUM, "lr": POSITIVE, "batch": AT_LEAST_ONE}),
    "typical_blocks": (mb.typical_blocks, RATE, {**TYPICAL, "budget": WHOLE_POSITIVE}),
    "simulate_blocks": (mb.simulate_blocks, RUNS, {**RUN, "budget": WHOLE_POSITIVE}),
    "tune": (mb.tune, {**ON, "family": "sgd", "kurtosis": 3},
             {"spectrum": SPECTRUM, "family": FAMILY, "batch": AT_LEAST_ONE, "kurtosis": KURTOSIS}),
    "frontier": (mb.frontier, {"spectrum": H, "families": ["sgd"], "batches": [1, 2],
                               "precision": 1e-9, "kurtosis": 3},
                 {"precision": [*POSITIVE, 1e6, 0.2, 1e-13], "spectrum": SPECTRUM,
                  "families": ["sgd", ["adam"], [None], 3, [["sgd"]]],
                  "batches": [v for v in BATCHES if v is not None] + [4.0, [[1.0, 2.0]]], "kurtosis": KURTOSIS}),
    "critical_batch": (mb.critical_batch, {"spectrum": H, "family": "sgd", "share": 0.5, "kurtosis": 3},
                       {"spectrum": SPECTRUM, "family": FAMILY, "share": [*POSITIVE, 1.0, 1.5],
                        "kurtosis": KURTOSIS}),
    "critical_batches": (mb.critical_batches, {"spectrum": H, "families": ["sgd"], "share": 0.5, "kurtosis": 3},
                         {"spectrum": SPECTRUM, "families": ["sgd", [], ["adam"], 3, [None]], "share": [*POSITIVE, 1.0],
                          "kurtosis": KURTOSIS}),
    "window": (mb.window, {"spectrum": H, "share": 0.5}, {"spectrum": SPECTRUM, "share": [*POSITIVE, 1.0]}),
    "overlap": (mb.overlap, {"spectrum": H, "batches": [1, 2], "pair": ("sgd", "heavy_ball")},
                {"spectrum": SPECTRUM, "batches": [v for v in BATCHES if v is not None] + [4.0],
                 "pair": ["sgd", None, 3, ("sgd",), ("sgd", "adam"), ("sgd", "asgd", "nesterov"), (1, 2)]}),
    "tune_risk": (mb.tune_risk, {**ON, "family": "sgd", "steps": 10, "noise": 0.0, "start": 1.0, "kurtosis": 3},
                  {"spectrum": SPECTRUM, "family": FAMILY, "batch": AT_LEAST_ONE, "steps": WHOLE_POSITIVE,
                   "noise": NOT_NEGATIVE, "start": START, "kurtosis": KURTOSIS}),
    "settled_risk": (mb.settled_risk, {**RULES, "decay": 1.5, "times": [10.0]},
                     {"spectrum": SPECTRUM, "decay": [*NUMBER, 1.0, 0.5], "method": [*METHOD, Method.sgd(9.0)],
                      "batch": AT_LEAST_ONE, "times": [*SOME, [0.0], [-1.0], 2.0]}),
    "tune_steps": (mb.tune_steps, {**ON, "family": "sgd", "target": 0.5, "noise": 0.0, "start": 1.0, "limit": 10,
                                   "kurtosis": 3},
                   {"spectrum": SPECTRUM, "family": FAMILY, "batch": AT_LEAST_ONE, "target": POSITIVE,
                    "noise": NOT_NEGATIVE, "start": START, "limit": WHOLE_POSITIVE, "kurtosis": KURTOSIS}),
    "sweep": (mb.sweep, {"grid": {"d": 3, "decay": 1.0, "family": "sgd", "batch": 1}, "executor": "serial", "progress": False,
                         "quantities": ["tuned"], "retries": 0},
              {"grid": [None, {}, [], "d=3", 3, [("d", 3)]], "executor": ["cloud", 3, [], True], "progress": [None, 1, "yes"],
               "quantities": [[], None, "tuned", ["loss"], [None], 3], "retries": WHOLE, "folder": [3, "", [], True]}),
    "phase_diagram.grid": (mb.phase_diagram.grid, {"kappa": (10, 100, 2), "decay": (1, 2, 2), "batch": (1, 4, 2)},
                           {a: [None, 3, "abc", (1, 2), (0, 2, 2), ("1", 2, 2), (1, NAN, 2), (1, 2, 2.5), (1, 2, 0), *more]
                            for a, more in (("kappa", [(0.5, 2, 2)]), ("decay", []), ("batch", [(2, 4, 2)]))}),
    "phase_diagram.read": (mb.phase_diagram.read, {"source": DIAGRAM}, {"source": [None, 3, "", ".", "no/such/folder", CUT]}),
    "Design": (mb.Design, {"rows": ROWS, "labels": [1.0, 2.0, 3.0], "scale": [1.0, 1.0]},
               {"rows": SOME, "labels": [*SOME[:1], *SOME[2:], [1.0, 2.0]],
                "scale": [*SOME[:1], *SOME[2:], [1.0], [0.0, 1.0]]}),
    "load": (mb.load, {"source": ROWS, "target": [1.0, 2.0, 3.0]},
             {"source": [None, 5, 1j, True, [], np.ones(3), np.ones((2, 2, 2)), ROWS[:1], "california", "nowhere.csv"],
              "target": ["price", 1.0, [1.0], [[1.0]], np.ones(3)]}),
    "advise": (mb.advise, {"source": H, "target": 0.1, "noise": 0.0, "ridge": 0.0, "batches": [1, 2], "families": ["sgd"],
                           "start": 1.0},
               {"source": SPECTRUM, "target": [*POSITIVE, 1.0], "ridge": NOT_NEGATIVE,
                "noise": [v for v in NOT_NEGATIVE if v is not None] + ["labels"],
                "batches": [v for v in BATCHES if v is not None] + [4.0, [2.0, 1.0]],
                "families": ["sgd", [], ["adam"], 3], "start": [v for v in START if v is not None]}),
    "Logistic": (mb.Logistic, {"rows": ROWS, "labels": [0, 1, 1], "ridge": 0.1, "intercept": True},
                 {"rows": [*SOME, np.ones(3), ROWS[:1], 0 * ROWS], "labels": [*SOME, [0, 1], [0, 1, 2], [1, 1, 1], [[0, 1, 1]]],
                  "ridge": NOT_NEGATIVE, "intercept": [None, 0, "no"]}),
    "advise_logistic": (mb.advise_logistic, {"source": mb.Design(ROWS, [0.0, 1.0, 1.0]), "target": 0.1, "ridge": 0.1,
                                             "batches": [1, 3], "families": ["sgd"], "objective": "steps", "overhead": 1.0},
                        {"source": [None, 5, 1j, True, [], np.ones(3), np.ones((2, 2, 2)), "nowhere.csv"],
                         "target": [*POSITIVE, 1.0, 1e-12], "ridge": NOT_NEGATIVE,
                         "batches": [v for v in BATCHES if v is not None] + [4.0, [2.0, 1.0], [1.5], [4.0]],
                         "families": ["sgd", [], ["adam"], 3], "objective": ["money", 1, None],
                         "overhead": [v for v in NOT_NEGATIVE if v is not None]}),
    "bounds.sgd_gap": (mb.bounds.sgd_gap, {**ON, "kind": "upper"}, {**BOUND, "kind": ["best", None, 1]}),
    "bounds.heavy_ball_gap": (mb.bounds.heavy_ball_gap, {**ON, "kind": "upper"}, {**BOUND, "kind": ["best", None, 1]}),
    "bounds.two_buffer_gap": (mb.bounds.two_buffer_gap, {**ON, "kind": "upper"}, {**BOUND, "kind": ["best", None, 1]}),
    "bounds.nesterov_gap": (mb.bounds.nesterov_gap, {**ON, "kind": "lower"}, {**BOUND, "kind": ["upper", None, 1]}),
    "bounds.mass_gap": (mb.bounds.mass_gap, ON, BOUND),
    "bounds.deterministic_gap": (mb.bounds.deterministic_gap, {"spectrum": H}, {"spectrum": SPECTRUM}),
    "bounds.bend": (mb.bounds.bend, {"spectrum": H, "family": "sgd"}, {"spectrum": SPECTRUM, "family": [*FAMILY, "asgd"]}),
}
CASES = [(name, argument, value) for name, (_, _, table) in TABLE.items() for argument in table for value in table[argument]]


def test_the_table_covers_every_public_function_and_argument():
    results = {"doctor", "Advice", "Budget", "Frontier", "TunedSchedule",
               "Progress", "Tuned", "Typical", "FAMILIES", "bounds", "buffers",
               "phase_diagram", "schedule", "Table", "SweepError", "SweepInterrupted"}
    # read_sweep needs a folder; the others' refusals stand beside their other tests (and all of them in tests/test_fuzz.py)
    elsewhere = {"read_sweep", "Schedule", "tune_budget", "tune_schedule"}
    assert not set(mb.__all__) - results - elsewhere - set(TABLE), "public, and its arguments have no row in TABLE"
    for name, (call, good, table) in TABLE.items():
        call(**good)
        assert set(good) <= set(table) | {"kurtosis"}, name


@pytest.mark.parametrize("name", TABLE)
def test_bad_input_is_refused_by_name(name):
    call, good, table = TABLE[name]
    for argument, values in table.items():
        for value in values:
            try:
                call(**{**good, argument: value})
            except ValueError as error:
                assert str(error).startswith(argument + " "), f"{argument}={value!r}: {error}"
                assert "; got " in str(error) and str(error).endswith("."), str(error)
            else:
                raise AssertionError(f"{name} took {argument}={value!r}")


def test_samplers_refuse_spectra_they_cannot_draw():
    rng = np.random.default_rng(0)
    for spectrum in (Spectrum([1.0], counts=[1.5]), Spectrum.power_law(10**5, 1.0), Spectrum.flat(10**8)):
        with pytest.raises(ValueError, match=r"^spectrum "):
            mb.simulate(spectrum, M, 4, 2, 2, rng)


def test_unknown_arguments_and_long_values_are_shown_short():
    with pytest.raises(ValueError) as caught:
        Spectrum(np.full((50, 50), 0.1234567))
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("value", [1, 1.5, np.float64(2), np.float32(2.5), np.int64(3), np.array(4.0), np.array(5)])
def test_every_kind_of_real_number_is_a_number(value):
    got = arguments.number("x", value)
    assert type(got) is float and got == value


def test_numbers_come_back_in_the_form_the_mathematics_wants():
    assert type(arguments.whole("n", 3.0)) is int and type(arguments.whole("n", np.int64(3))) is int
    assert arguments.array("x", [1, 2]).dtype == float
    assert type(arguments.batch_size(np.float32(4))) is float and arguments.batch_size([1, 2]).shape == (2,)
    assert isinstance(mb.contraction_gap(H, M, np.int64(4)), float)


def test_fractions_are_numbers_and_masks_of_nothing_are_no_masks():
    assert arguments.number("x", Fraction(1, 4)) == 0.25 and arguments.whole("x", Fraction(8, 2)) == 4
    np.testing.assert_array_equal(arguments.array("x", np.ma.masked_array([1.0, 2.0], False)), [1.0, 2.0])


def test_the_size_that_is_allowed_is_said():
    with pytest.raises(ValueError, match=r"^noise must be a finite number >= 0, in size between 1e-100 and 1e\+100; got"):
        mb.noise_floor(H, M, 4, noise=1e200)
    with pytest.raises(ValueError, match="x must be a finite number; got a number too long to show"):
        arguments.number("x", 10**5000)


def test_a_refusal_of_too_much_work_names_what_would_be_done():
    assert arguments.affordable("steps", 100, 10, 1000) == 100
    with pytest.raises(ValueError, match=r"^steps must be at most 100 here; ask for less; got 101\.$"):
        arguments.affordable("steps", 101, 10, 1000, "; ask for less")
