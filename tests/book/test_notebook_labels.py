r"""Labels in the notebooks: every displayed equation has one, and every labelled equation is checked somewhere.

An equation of a notebook is checked by an assert among the code cells that follow it; one that only the package states
is checked by a test that cites its label, or by the test named here.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
TAG = re.compile(r"\\tag\{([^}]*)\}")
NEAR = 5
"""An equation's check is among so many code cells after it."""

CHECKED_BY = {
    "adaptive": "sample/test_row_sampling.py::test_adaptive_momentum_needs_no_more_than_the_simple_choice",
    "ademamix": "exact/test_buffers.py::test_ademamix_as_published",
    "aggmo": "exact/test_buffers.py::test_aggmo_as_published",
    "batch gradient": "sample/test_row_sampling.py::test_batch_gradient_is_the_mean_over_the_batch",
    "buffer-moments": "exact/test_buffers.py::test_curve_is_that_of_the_dense_operator",
    "buffer-secular": "exact/test_buffers.py::test_gap_is_that_of_the_dense_operator",
    "coupling": "exact/test_small_steps.py::test_noise_formulas_are_sums_over_the_noises",
    "dana-constant": "exact/test_buffers.py::test_dana_as_published",
    "dana-decaying": "exact/test_buffers.py::test_dana_as_published",
    "discrete-gauss": "model/test_spectrum.py::test_binned_ranks_sum_polynomials_of_degree_five_exactly",
    "floor": "exact/test_moments.py::test_floor_is_the_fixed_point_of_the_dense_operator",
    "implicit-gradient": "tuning/test_long_run.py::test_no_neighbour_beats_the_tuned_method",
    "ngos": "exact/test_small_steps.py::test_simulation_agrees_with_linear_moments",
    "power-law": "model/test_spectrum.py::test_power_law_with_kappa_of_its_own",
    "prescribed": "panels/test_parallel.py",
    "profile": "study/test_typical.py::test_from_the_profile_the_mean_is_geometric_at_once",
    "ray": "exact/test_row_moments.py::test_tomography_measures_lengths",
    "renewal": "panels/test_far_horizon.py::test_no_search_on_exact_risks_finds_a_much_better_method",
    "response": "exact/test_secular.py::test_the_sum_is_the_discounted_response_to_noise",
    "row moments": "exact/test_row_moments.py::test_one_and_two_steps_equal_enumeration_of_every_batch",
    "single row": "exact/test_row_moments.py::test_single_row_rate_holds_and_is_reached",
    "slow rate": "exact/test_small_steps.py::test_slow_rate_is_an_eigenvalue",
    "stationary": "exact/test_small_steps.py::test_stationary_variance_solves_the_lyapunov_equation",
    "step noise": "exact/test_small_steps.py::test_noise_formulas_are_sums_over_the_noises",
    "svag": "exact/test_small_steps.py::test_svag_oracle_has_the_same_mean_and_l_times_the_covariance",
    "svag moments": "exact/test_small_steps.py::test_svag_curve_against_sampled_batches",
}
TESTS = {p.relative_to(ROOT / "tests").as_posix(): p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("test_*.py")}


def cells(path):
    """The notebook's cells in order: (is it prose, text)."""
    for cell in re.split(r"^# %%", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
        head, _, body = cell.partition("\n")
        prose = "[markdown]" in head
        yield prose, re.sub(r"^# ?", "", body, flags=re.M) if prose else body


def equations(path):
    """Every displayed equation with the code of the NEAR cells after it."""
    every = list(cells(path))
    for k, (prose, text) in enumerate(every):
        if prose:
            code = [t for is_prose, t in every[k:] if not is_prose][:NEAR]
            for equation in re.findall(r"\$\$(.*?)\$\$", text, re.S):
                yield equation, "\n".join(code)


def packaged():
    return {tag for p in (ROOT / "mombook").rglob("*.py") for tag in TAG.findall(p.read_text(encoding="utf-8"))}


def cited_in_tests(tag):
    return any(f"({tag})" in text for name, text in TESTS.items() if not name.endswith(Path(__file__).name))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_displayed_equation_has_a_label(path):
    assert [eq.strip()[:70] for eq, _ in equations(path) if not TAG.search(eq)] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_labelled_equation_of_a_notebook_is_checked(path):
    unchecked = [tag for equation, code in equations(path) for tag in TAG.findall(equation)
                 if "assert" not in code and not cited_in_tests(tag) and tag not in CHECKED_BY]
    assert unchecked == []


def test_every_label_only_the_package_has_is_checked_by_a_test():
    shown = {tag for path in NOTEBOOKS for equation, _ in equations(path) for tag in TAG.findall(equation)}
    claims = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "mombook" / "claims").glob("*.py"))
    unchecked = {t for t in packaged() - shown if not cited_in_tests(t) and f"({t})" not in claims and t not in CHECKED_BY}
    assert unchecked == set()


@pytest.mark.parametrize(("tag", "where"), CHECKED_BY.items())
def test_the_named_check_exists_and_asserts(tag, where):
    name, _, function = where.partition("::")
    body = TESTS[name].split(f"def {function}(", 1)[1].split("\ndef ", 1)[0] if function else TESTS[name]
    assert "assert" in body or "holds_" in body, f"{where} asserts nothing about ({tag})"


def test_one_label_is_one_equation():
    where = {}
    for path in NOTEBOOKS:
        for equation, _ in equations(path):
            for tag in TAG.findall(equation):
                where.setdefault(tag, []).append(path.stem)
    twice_in_one = {tag: places for tag, places in where.items() if len(places) != len(set(places))}
    assert twice_in_one == {}
