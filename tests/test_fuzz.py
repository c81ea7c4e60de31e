"""Every public callable against wild values of every kind, one argument at a time: an answer, or a refusal by name."""

import functools
import importlib
import inspect
import itertools
import re
import signal
import warnings

import numpy as np
import pytest
from strategies import WILD

import mombook as mb
from mombook import Method, Spectrum, arguments
from mombook.data import estimate, fourth_moments
from mombook.exact import logistic_moments, one_weight, row_moments, schedule, small_steps, svag, thresholds
from mombook.model import example_systems, systems
from mombook.sample import minibatch, network, noisy_gradient, row_sampling, slow_manifold
from mombook.study import falsify, race, scaling, symptoms, yardsticks
from mombook.tuning import parallel

pytestmark = pytest.mark.slow

SECONDS = 8.0
"""What one call may take, in seconds of the processor, so that a busy machine does not count; a shared one may be three times
slower than a quick one, on which the longest call (a race of 4 x 10^7 drawn samples) takes 2.5."""

MODULES = ["bounds", "data.estimate", "data.fourth_moments", "exact.buffers", "exact.logistic_moments", "exact.one_weight",
           "exact.row_moments", "exact.schedule", "exact.small_steps", "exact.svag", "exact.thresholds",
           "model.example_systems", "model.systems",
           "sample.minibatch", "sample.network", "sample.noisy_gradient", "sample.row_sampling", "sample.slow_manifold",
           "study.falsify", "study.phase_diagram", "study.race", "study.scaling", "study.symptoms", "study.yardsticks",
           "tuning.parallel"]
"""Modules that readers import from, besides ``mombook`` itself."""

RECORDS = {"Advice", "Bound", "Budget", "Comparison", "Diagnosis", "Difference", "Exponent", "Facts", "Fit", "Frontier",
           "Pairs", "PhaseDiagram", "Progress", "Ratio", "Scaling", "Search", "Slope", "SweepError", "SweepInterrupted",
           "Table", "Trials", "Tuned", "TunedSchedule", "Typical", "Yardstick"}
"""What functions return: nobody builds these, but their methods are called."""

INNER = {"phase_diagram.arguments_of", "phase_diagram.run", "scaling.spectrum_of", "scaling.measure", "scaling.candidates",
         "symptoms.symptom_map", "symptoms.reference", "symptoms.slowest_root", "symptoms.noiseless_roots", "race.final_risk",
         "race.method_at", "row_moments.row_noise", "schedule.step_slopes", "systems.start_of", "row_moments.perron",
         "System.one_row", "Method.transition", "Buffers.transition", "Buffers.change", "Problem", "Problem.states",
         "schedule.problem_of", "schedule.last_risk", "schedule.risk_and_gradient", "schedule.ramped", "network.sklearn_parts",
         "logistic_moments.excesses", "estimate.spectrum_of", "estimate.gauss_rule",
         "estimate.lanczos"}
"""What the command line, the panels and the loops of other functions call, with arguments that are checked before."""

H, M = Spectrum([1.0, 0.5], counts=[1, 2]), Method(0.1, 0.02, 0.5)
ROWS = np.array([[1.0, 2.0], [2.0, 5.0], [3.0, -1.0], [0.5, 0.5]])
LABELS = [1.0, 2.0, 3.0, 4.0]
DESIGN = mb.Design(ROWS, LABELS)
SYSTEM = systems.System.kaczmarz(ROWS, ROWS @ [1.0, 1.0], [1.0, 1.0])
INPUTS = fourth_moments.Inputs(H)
CLASSES = mb.Design(ROWS, [0.0, 1.0, 1.0, 0.0])
LOGISTIC = mb.Logistic.of(CLASSES, 0.1)
BUFFERS = mb.Buffers(0.1, [0.1], [0.5])
NOISY = noisy_gradient.Oracle.quadratic([1.0, 0.5])
PLAN = mb.Schedule(0.1, 0.02, 0.5, [4.0, 4.0])
TWO = {"delta": 0.1, "eta": 0.02, "beta": 0.5}
ON = {"spectrum": H, "batch": 4}
RULES = {**ON, "method": M}


def rng():
    return np.random.default_rng(0)


@functools.cache
def made(name):
    """Results whose methods are called; computed when asked for."""
    return {
        "advice": lambda: mb.advise(H, batches=[1, 2], families=["sgd"]),
        "labelled": lambda: mb.advise(DESIGN, batches=[1, 2], families=["sgd"]),
        "frontier": lambda: mb.frontier(H, ["sgd"], [1, 2])["sgd"],
        "sweep": lambda: mb.sweep({"d": 3, "decay": 1.0, "family": "sgd", "batch": [1, 2]}, "serial", progress=False),
        "diagram": lambda: mb.sweep(mb.phase_diagram.grid((10, 100, 2), (1, 2, 2), (1, 4, 2), d=3), "serial", progress=False),
        "map": lambda: mb.phase_diagram.read(made("diagram")),
        "exponent": lambda: mb.fit_exponent([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
        "trials": lambda: race.trials(H, "sgd", 4, 3, 4),
        "comparison": lambda: network.compare((512,), (0.1,), seeds=1, epochs=1, hidden=2),
        "budget": lambda: mb.tune_budget(H, "sgd", 16, 0.5, batches=[4, 8]),
        "scaling": lambda: parallel.scaling(SYSTEM, [1, 2]),
    }[name]()


RUN = {"steps": 2, "runs": 2, "rng": rng}
CURVE = {"noise": 1.0, "start": 1.0, "kurtosis": 3.0}
DRAWS = {"draws": "replacement"}
CALLS = {
    # -- mombook itself
    "Buffers": (mb.Buffers, {"delta": 0.1, "etas": [0.1, 0.2], "betas": [0.5, 0.9]}),
    "Buffers.step": (BUFFERS.step, {"w": np.ones(2), "m": [np.ones(2)], "g": np.ones(2)}),
    "Buffers.from_method": (mb.Buffers.from_method, {"method": M}),
    "Buffers.aggmo": (mb.Buffers.aggmo, {"lr": 0.1, "betas": [0.5]}),
    "Buffers.ademamix": (mb.Buffers.ademamix, {"lr": 0.1, "beta_fast": 0.5, "beta_slow": 0.9, "alpha": 1.0}),
    "Buffers.simplest": (BUFFERS.simplest, {}),
    "Design": (mb.Design, {"rows": ROWS, "labels": LABELS, "columns": ("a", "b"), "name": "x", "notes": (), "scale": [1.0, 1.0],
                           "on_span": False, "center": [1.0, 1.0], "label_center": 1.0, "label_scale": 2.0, "kept": [0, 1],
                           "recipe": "x"}),
    "Design.original_weights": (DESIGN.original_weights, {"weights": [1.0, 2.0]}),
    "Design.predict": (DESIGN.predict, {"weights": [1.0, 2.0], "rows": ROWS}),
    "Design.spectrum": (DESIGN.spectrum, {"ridge": 0.1}),
    "Design.solution": (DESIGN.solution, {"ridge": 0.1}),
    "Design.residuals": (DESIGN.residuals, {"ridge": 0.1}),
    "Family": (mb.Family, {"word": "QHM", "make": Method.heavy_ball}),
    "Family.of_row": (mb.Family.of_row, {"word": "QHM", "row": (0.3, 0.0, 0.7, -0.7, 1.0, 1.0)}),
    "Method": (Method, TWO),
    "Method.step": (M.step, {"w": np.ones(2), "m": np.ones(2), "g": np.ones(2)}),
    "Method.sgd": (Method.sgd, {"lr": 0.1}),
    "Method.heavy_ball": (Method.heavy_ball, {"lr": 0.1, "beta": 0.5}),
    "Method.nesterov": (Method.nesterov, {"lr": 0.1, "beta": 0.5}),
    "Method.ema": (Method.ema, {"lr": 0.1, "beta": 0.5}),
    "Method.qhm": (Method.qhm, {"lr": 0.1, "nu": 0.7, "beta": 0.5}),
    "Method.mass": (Method.mass, {"eta1": 0.1, "eta2": 0.1, "gamma": 0.5}),
    "Method.accsgd": (Method.accsgd, {"lr": 0.1, "kappa": 10, "xi": 2, "small_const": 0.7}),
    "Method.jain": (Method.jain, {"alpha": 0.9, "beta": 0.1, "gamma": 0.1, "delta": 0.1}),
    "Method.as_torch": (Method.sgd(0.1).as_torch, {"loss": "mse"}),
    "Method.for_loss": (M.for_loss, {"loss": "mse"}),
    "Method.as_qhm": (M.as_qhm, {}),
    "Method.as_mass": (M.as_mass, {}),
    "Method.as_jain": (M.as_jain, {"small_const": 0.7}),
    "Method.as_accsgd": (M.as_accsgd, {"small_const": 0.7}),
    "Spectrum": (Spectrum, {"eigenvalues": [1.0, 0.5], "counts": [1, 2], "name": "x"}),
    "Spectrum.scaled": (H.scaled, {"factor": 2.0}),
    "Spectrum.expanded": (H.expanded, {}),
    "Spectrum.compressed": (Spectrum.power_law(100, 1.5).compressed, {"per_octave": 2}),
    "Spectrum.flat": (Spectrum.flat, {"d": 3}),
    "Spectrum.two_level": (Spectrum.two_level, {"d": 5, "kappa": 10, "top": 2}),
    "Spectrum.geometric": (Spectrum.geometric, {"d": 5, "kappa": 10}),
    "Spectrum.power_law": (Spectrum.power_law, {"d": 5, "decay": 1.0, "kappa": 10.0, "binned": True, "ends": "both"}),
    "Advice.doubling": (lambda **k: made("advice").doubling(**k), {"family": "sgd", "batch": 1}),
    "Advice.torch": (lambda **k: made("advice").torch(**k), {"family": "sgd", "index": 0}),
    "Advice.optimizer": (None, {}),                                     # needs PyTorch: tests/study/test_advisor.py
    "Advice.transformation": (None, {}),                                # needs optax: tests/test_optax.py
    "Advice.training_loop": (lambda **k: made("labelled").training_loop(**k), {"family": "sgd", "batch": 1}),
    "Advice.to_dict": (lambda: made("advice").to_dict(), {}),
    "Advice.to_frame": (lambda: made("advice").to_frame(), {}),
    "Advice.save": (None, {}),                                          # writes a file: tests/study/test_advisor.py
    "Advice.plot": (lambda **k: made("advice").plot(**k), {"path": None, "dark": False}),
    "Advice.table": (lambda: made("advice").table(), {}),
    "Advice.sentences": (lambda: made("advice").sentences(), {}),
    "Frontier.part": (lambda **k: made("frontier").part(**k), {"index": slice(0, 1)}),
    "Table.rows": (lambda: list(made("sweep").rows()), {}),
    "Table.cube": (lambda **k: made("sweep").cube(**k), {"column": "gap", "batch": 1}),
    "Table.to_pandas": (lambda: made("sweep").to_pandas(), {}),
    "advise": (mb.advise, {"source": H, "target": 0.1, "noise": 0.0, "ridge": 0.0, "batches": [1, 2], "families": ["sgd"],
                           "start": 1.0, "labels": None, "target_is": "excess risk", "loss": "mse", "objective": "time",
                           "overhead": 1.0, "draws": "replacement", "critical": "forecast"}),
    "contraction_gap": (mb.contraction_gap, {**RULES, "kurtosis": 3}),
    "contraction_gaps": (mb.contraction_gaps, {"spectrum": H, **TWO, "batch": 4, "kurtosis": 3, "stable_only": False,
                                               "tolerance": 1e-7}),
    "critical_batch": (mb.critical_batch, {"spectrum": H, "family": "sgd", "share": 0.5, "kurtosis": 3}),
    "critical_batches": (mb.critical_batches, {"spectrum": H, "families": ["sgd"], "share": 0.5, "kurtosis": 3}),
    "dialects": (mb.dialects, {"method": M}),
    "doctor": (None, {}),                                               # no argument; tests/test_checkup.py runs it
    "fit_exponent": (mb.fit_exponent, {"x": [1, 2, 3, 4, 5], "y": [1, 2, 3, 4, 5], "confidence": 0.9}),
    "frontier": (mb.frontier, {"spectrum": H, "families": ["sgd"], "batches": [1, 2], "precision": 1e-9, "kurtosis": 3}),
    "is_stable": (mb.is_stable, {**RULES, "kurtosis": 3}),
    "load": (mb.load, {"source": ROWS, "target": LABELS, "standardise": True, "on_span": False, "name": "x"}),
    "noise_floor": (mb.noise_floor, {**RULES, "noise": 1.0, "kurtosis": 3}),
    "overlap": (mb.overlap, {"spectrum": H, "batches": [1, 2], "pair": ("sgd", "heavy_ball")}),
    "read_sweep": (mb.read_sweep, {"folder": None}),                    # a folder: tests/sweeps/test_run.py reads one
    "risk_at": (mb.risk_at, {**RULES, "times": [0, 3], **CURVE}),
    "risk_curve": (mb.risk_curve, {**RULES, "steps": 3, "tail": None, "ema": None, "noise_model": "additive", **CURVE}),
    "risk_spread": (mb.risk_spread, {**RULES, "steps": 3, "noise": 0.1, "start": 1.0}),
    "settled_risk": (mb.settled_risk, {"spectrum": H, "decay": 1.5, "method": M, "batch": 4, "times": [10.0]}),
    "sgd_profile": (mb.sgd_profile, {"spectrum": H, "lr": 0.1, "batch": 4}),
    "simulate": (mb.simulate, {**RULES, **RUN, "sampler": "direct", "noise": 0.0, "start": 1.0}),
    "simulate_blocks": (mb.simulate_blocks, {**RULES, **RUN, "sampler": "one_draw", "noise": 0.0, "start": 1.0, "budget": 10}),
    "step_limit": (mb.step_limit, {**ON, "beta": 0.5, "feedback": 1.0}),
    "steps_to": (mb.steps_to, {**RULES, "target": 0.5, **CURVE, "noise": 0.0, "limit": 10}),
    "sweep": (mb.sweep, {"grid": {"d": 3, "decay": 1.0, "family": "sgd", "batch": 1}, "executor": "serial", "progress": False,
                         "quantities": ["tuned"], "folder": None, "retries": 0}),
    "tune": (mb.tune, {**ON, "family": "sgd", "kurtosis": 3}),
    "tune_risk": (mb.tune_risk, {**ON, "family": "sgd", "steps": 10, **CURVE}),
    "tune_budget": (mb.tune_budget, {"spectrum": H, "family": "sgd", "samples": 16, **CURVE, "batches": [4, 8],
                                     "quick": False}),
    "tune_schedule": (mb.tune_schedule, {"spectrum": H, "family": "sgd", "samples": 16, "steps": 4, "free": ("lr",), "knots": 3,
                                         "noise": 0.1, "start": 1.0, "noise_model": "additive", "report": None, "most": 2}),
    "Budget.critical_batch": (lambda **k: made("budget").critical_batch(**k), {"overhead": 0.2}),
    "Schedule": (mb.Schedule, {**TWO, "batch": [4, 8]}),
    "Schedule.of": (mb.Schedule.of, {"method": M, "batch": 4, "factors": [1.0, 0.5]}),
    "Schedule.from_function": (mb.Schedule.from_function, {"method_at": lambda t: M, "batch": 4, "steps": 2}),
    "Schedule.method": (PLAN.method, {"t": 0}),
    "schedule.batch_ramp": (schedule.batch_ramp, {"method": M, "batch": 4, "factors": [1.0, 0.5], "share": 0.5}),
    "schedule.constant": (schedule.constant, {"steps": 3}),
    "schedule.linear": (schedule.linear, {"steps": 3, "final": 0.1}),
    "schedule.cosine": (schedule.cosine, {"steps": 3, "final": 0.1}),
    "schedule.step_decay": (schedule.step_decay, {"steps": 3, "at": [0.5], "factor": 0.1}),
    "schedule.inverse_time": (schedule.inverse_time, {"steps": 3, "memory": 2.0}),
    "schedule.warmup_stable_decay": (schedule.warmup_stable_decay, {"steps": 3, "warmup": 0.1, "decay": 0.1, "final": 0.1}),
    "schedule.knot_times": (schedule.knot_times, {"knots": 4}),
    "schedule.knot_basis": (schedule.knot_basis, {"steps": 5, "knots": 4}),
    "schedule.through": (schedule.through, {"steps": 5, "factors": [1.0, 0.5]}),
    "schedule.diverges_at": (schedule.diverges_at, {"curve": [1.0, 2.0], "noise": 0.5}),
    "schedule.risk_curve": (schedule.risk_curve, {"spectrum": H, "schedule": PLAN, **CURVE, "tail": 1, "ema": None,
                                                  "noise_model": "additive"}),
    "schedule.final_risk": (schedule.final_risk, {"spectrum": H, "schedule": PLAN, **CURVE, "noise_model": "additive"}),
    "schedule.final_risk_gradient": (schedule.final_risk_gradient, {"spectrum": H, "schedule": PLAN, **CURVE,
                                                                    "noise_model": "additive"}),
    "tune_steps": (mb.tune_steps, {**ON, "family": "sgd", "target": 0.5, "noise": 0.0, "start": 1.0, "limit": 10,
                                   "kurtosis": 3}),
    "typical_rate": (mb.typical_rate, {**RULES, **RUN, "burn": 1, "start": 1.0}),
    "typical_blocks": (mb.typical_blocks, {**RULES, **RUN, "burn": 1, "start": 1.0, "budget": 10}),
    "window": (mb.window, {"spectrum": H, "share": 0.5}),
    # -- its modules
    "bounds.sgd_gap": (mb.bounds.sgd_gap, {**ON, "kind": "upper"}),
    "bounds.heavy_ball_gap": (mb.bounds.heavy_ball_gap, {**ON, "kind": "upper"}),
    "bounds.deterministic_gap": (mb.bounds.deterministic_gap, {"spectrum": H}),
    "bounds.two_buffer_gap": (mb.bounds.two_buffer_gap, {**ON, "kind": "upper"}),
    "bounds.nesterov_gap": (mb.bounds.nesterov_gap, {**ON, "kind": "lower"}),
    "bounds.mass_gap": (mb.bounds.mass_gap, ON),
    "bounds.bend": (mb.bounds.bend, {"spectrum": H, "family": "sgd"}),
    "buffers.dana_constant": (mb.buffers.dana_constant, {"lr": 0.1, "momentum_lr": 0.1, "memory": 8.0}),
    "buffers.dana_decaying": (mb.buffers.dana_decaying, {"lr": 0.1, "momentum_lr": 0.1, "exponent": 1.0, "memory": 8.0}),
    "buffers.risk_curve": (mb.buffers.risk_curve, {**RULES, "steps": 3, **CURVE}),
    "buffers.steps_to": (mb.buffers.steps_to, {**RULES, "target": 0.5, **CURVE, "noise": 0.0, "limit": 10}),
    "buffers.contraction_gap": (mb.buffers.contraction_gap, {**ON, "method": BUFFERS, "kurtosis": 3}),
    "buffers.tune": (mb.buffers.tune, {"spectrum": H, "make": lambda z: Method.sgd(np.exp(z[0])), "start": [-3.0], "batch": 4,
                                       "evaluations": 10}),
    "phase_diagram.grid": (mb.phase_diagram.grid, {"kappa": (10, 100, 2), "decay": (1, 2, 2), "batch": (1, 4, 2), "d": 3}),
    "phase_diagram.read": (mb.phase_diagram.read, {"source": lambda: made("diagram")}),
    "PhaseDiagram.advantage": (lambda **k: made("map").advantage(**k), {"family": "heavy_ball", "over": "sgd"}),
    "thresholds.long_run_threshold": (thresholds.long_run_threshold, {**ON, "beta": 0.5, "level": 2.0, "feedback": 1.0}),
    "thresholds.nesterov_limit": (thresholds.nesterov_limit, {**ON, "beta": 0.5}),
    "thresholds.step_limit": (thresholds.step_limit, {**ON, "beta": 0.5, "feedback": 1.0}),
    "svag.svag_curve": (svag.svag_curve, {**RULES, "steps": 2, "level": 2, "start": 1.0}),
    "Comparison.band": (lambda **k: made("comparison").band(**k), {"of": "accuracy", "epoch": -1, "levels": (0.5,)}),
    "network.stream": (network.stream, {"batches": (512,), "rates": (0.1,), "beta": 0.9, "seeds": 1, "epochs": 1, "hidden": 2}),
    "network.compare": (network.compare,
                                 {"batches": (512,), "rates": (0.1,), "beta": 0.9, "seeds": 1, "epochs": 1, "hidden": 2}),
    "estimate.lanczos_spectrum": (estimate.lanczos_spectrum, {"rows": ROWS, "rng": rng, "steps": 2, "probes": 2}),
    "estimate.randomized_spectrum": (estimate.randomized_spectrum, {"rows": ROWS, "rng": rng, "top": 1}),
    "estimate.fit_power_law": (estimate.fit_power_law, {"source": Spectrum.power_law(50, 1.5), "rng": None, "draws": 2}),
    "example_systems.gaussian": (example_systems.gaussian, {"n": 4, "d": 2, "rng": rng}),
    "example_systems.unit_rows": (example_systems.unit_rows, {"n": 4, "d": 2, "rng": rng, "decay": 1.0}),
    "example_systems.with_spectrum": (example_systems.with_spectrum, {"spectrum": H, "n": 4, "rng": rng}),
    "example_systems.vandermonde": (example_systems.vandermonde, {"n": 4, "degree": 2, "nodes": "chebyshev"}),
    "example_systems.tomography": (example_systems.tomography, {"side": 3, "rays": 12, "rng": rng}),
    "example_systems.discs": (example_systems.discs, {"side": 3}),
    "falsify.best_ce_ratio": (falsify.best_ce_ratio, {"spectrum": H, "batches": [1.0]}),
    "falsify.search": (falsify.search, {"start": H, "rng": rng, "evaluations": 2, "max_kappa": 1e3, "max_count": 10}),
    "fourth_moments.kurtosis": (fourth_moments.kurtosis, {"design": DESIGN}),
    "fourth_moments.pair_moments": (fourth_moments.pair_moments, {"design": DESIGN}),
    "fourth_moments.noise_factor": (fourth_moments.noise_factor, {"design": DESIGN, "ridge": 0.1, "pairs": None}),
    "fourth_moments.pair_factor": (fourth_moments.pair_factor, {"eigenvalues": [1.0, 0.5], "pairs": [[3.0, 1.0], [1.0, 3.0]],
                                                               "ridge": 0.1}),
    "Inputs": (fourth_moments.Inputs, {"spectrum": H, "factor": 1.0, "ridge": 0.1}),
    "Inputs.of": (fourth_moments.Inputs.of, {"design": DESIGN, "ridge": 0.1, "gaussian": False}),
    "Inputs.gap": (INPUTS.gap, {"method": M, "batch": 4}),
    "Inputs.floor": (INPUTS.floor, {"method": M, "batch": 4, "noise": 1.0}),
    "Inputs.risk_at": (INPUTS.risk_at, {"method": M, "batch": 4, "times": [0, 3], "noise": 0.0, "start": 1.0}),
    "Inputs.steps_to": (INPUTS.steps_to, {"method": M, "batch": 4, "target": 0.5, "noise": 0.0, "start": 1.0}),
    "Inputs.frontier": (INPUTS.frontier, {"families": ["sgd"], "batches": [1, 2], "precision": 1e-9}),
    "Inputs.critical_batches": (INPUTS.critical_batches, {"families": ["sgd"], "share": 0.5}),
    "Inputs.initial_risk": (INPUTS.initial_risk, {"start": 1.0}),
    "systems.same_row_weight": (systems.same_row_weight, {"system": SYSTEM, "batch": 1, **DRAWS}),
    "row_moments.averaged_step": (row_moments.averaged_step,
                                 {"system": SYSTEM, "error": [1.0, 1.0], "lr": 0.5, "batch": 1, **DRAWS}),
    "row_moments.single_row_rate": (row_moments.single_row_rate, {"system": SYSTEM}),
    "row_moments.second_moment_operator": (row_moments.second_moment_operator,
                                 {"system": SYSTEM, "method": M, "batch": 1, **DRAWS,
                                                                         "ridge": 0.0}),
    "row_moments.error_curve": (row_moments.error_curve, {"system": SYSTEM, "method": M, "batch": 1, "steps": 2,
                                                    "start": None, **DRAWS}),
    "row_moments.errors_at": (row_moments.errors_at, {"system": SYSTEM, "method": M, "batch": 1, "times": [0, 2], "start": None,
                                                **DRAWS}),
    "row_moments.contraction_gap": (row_moments.contraction_gap,
                                 {"system": SYSTEM, "method": M, "batch": 1, **DRAWS, "ridge": 0.0}),
    "row_moments.heavy_ball_ceiling": (row_moments.heavy_ball_ceiling, {"system": SYSTEM, "batch": 1}),
    "row_moments.noise_bounds": (row_moments.noise_bounds, {"system": SYSTEM}),
    "row_moments.guaranteed_gap": (row_moments.guaranteed_gap,
                                 {"system": SYSTEM, "method": M, "batch": 1, **DRAWS, "ridge": 0.0}),
    "Design.first_error": (DESIGN.first_error, {"start": None, "ridge": 0.1}),
    "minibatch.train": (minibatch.train, {"design": DESIGN, "method": M, "batch": 2, **RUN, **DRAWS, "noise": 0.0, "ridge": 0.0,
                                          "start": None}),
    "minibatch.train_blocks": (minibatch.train_blocks, {"design": DESIGN, "method": M, "batch": 2, **RUN, **DRAWS, "noise": 0.0,
                                                        "ridge": 0.0, "start": None, "parts": 2}),
    "minibatch.fewest_steps": (minibatch.fewest_steps, {"design": DESIGN, "method": M, "batch": 2, "target": 0.5, "rng": rng,
                                                        "shares": [1.0], "runs": 2, "limit": 10}),
    "row_moments.expected_risk": (row_moments.expected_risk, {"design": DESIGN, "method": M, "batch": 2, "steps": 2, **DRAWS,
                                                          "noise": 0.0, "ridge": 0.0, "start": None}),
    "one_weight.mean_rate": (one_weight.mean_rate, {"lr": 0.1, "batch": 4}),
    "one_weight.typical_rate": (one_weight.typical_rate, {"lr": 0.1, "batch": 4}),
    "one_weight.typical_limit": (one_weight.typical_limit, {"batch": 4}),
    "one_weight.runs_needed": (one_weight.runs_needed, {"lr": 0.1, "batch": 4, "steps": 2, "precision": 0.1}),
    "Oracle": (noisy_gradient.Oracle, {"gradient": abs, "noise": lambda w, rng: w, "scale": 1.0}),
    "Oracle.draw": (NOISY.draw, {"w": np.ones((1, 2)), "rng": rng}),
    "Oracle.quadratic": (noisy_gradient.Oracle.quadratic, {"eigenvalues": [1.0, 0.5], "scale": 1.0}),
    "Oracle.svag": (NOISY.svag, {"level": 2}),
    "noisy_gradient.stream": (noisy_gradient.stream,
                                 {"oracle": NOISY, "method": M, **RUN, "start": [1.0, 1.0], "every": 1, "parts": 2}),
    "noisy_gradient.simulate": (noisy_gradient.simulate,
                                 {"oracle": NOISY, "method": M, **RUN, "start": [1.0, 1.0], "every": 1}),
    "parallel.simple_momentum": (parallel.simple_momentum, {"system": SYSTEM, "batch": 1}),
    "parallel.simple_nesterov": (parallel.simple_nesterov, {"system": SYSTEM, "batch": 1}),
    "example_systems.mirrored_rows": (example_systems.mirrored_rows, {"kappa": 10.0}),
    "parallel.simple_sgd": (parallel.simple_sgd, {"system": SYSTEM, "batch": 1, **DRAWS}),
    "parallel.saturation_batch": (parallel.saturation_batch, {"system": SYSTEM}),
    "parallel.tuned": (parallel.tuned, {"system": SYSTEM, "batch": 1, "family": "sgd", **DRAWS, "tolerance": 0.1,
                                        "start": None}),
    "parallel.scaling": (parallel.scaling, {"system": SYSTEM, "batches": [1, 2], "choose": parallel.simple_momentum,
                                            "target": 1e-6, **DRAWS}),
    "parallel.measured_saturation": (parallel.measured_saturation, {"result": lambda: made("scaling")}),
    "race.trials": (race.trials, {**ON, "family": "sgd", "steps": 3, "count": 2, "seed": 0, "noise": 0.0}),
    "race.optimum": (race.optimum, {"spectrum": H, "drawn": lambda: made("trials"), "batch": 4, "steps": 3, "noise": 0.0,
                                     "judged": 4}),
    "race.paired_runs": (race.paired_runs, {"spectrum": H, "methods": [M, M], "batch": 4, **RUN, "noise": 0.0,
                                            "sampler": "direct"}),
    "race.difference": (race.difference, {"a": [1.0, 2.0, 3.0], "b": [2.0, 1.0, 2.0]}),
    "Trials.best": (lambda **k: made("trials").best(**k), {"count": 2}),
    "Trials.median_best": (lambda **k: made("trials").median_best(**k), {"counts": [1, 2]}),
    "row_sampling.batches": (row_sampling.batches, {"system": SYSTEM, "batch": 1, "runs": 2, "rng": rng, **DRAWS}),
    "row_sampling.batch_gradient": (row_sampling.batch_gradient, {"system": SYSTEM, "w": np.ones((1, 2)),
                                                                  "rows": np.array([[0, 1]]),
                                                                  "labels": [[0.0, 0.0]]}),
    "row_sampling.stream": (row_sampling.stream, {"system": SYSTEM, "method": M, "batch": 1, **RUN, "start": None, **DRAWS,
                                                  "parts": 2}),
    "row_sampling.simulate": (row_sampling.simulate, {"system": SYSTEM, "method": M, "batch": 1, **RUN,
                                                      "start": None, **DRAWS}),
    "row_sampling.adaptive": (row_sampling.adaptive, {"system": SYSTEM, "batch": 1, **RUN, "start": None, **DRAWS,
                                                      "patience": 4.0}),
    "Exponent.holds": (lambda **k: made("exponent").holds(**k), {"exponent": 1.0}),
    "Exponent.verdict": (lambda **k: made("exponent").verdict(**k), {"candidates": {"one": 1.0}}),
    "scaling.fit_exponent": (scaling.fit_exponent, {"x": [1, 2, 3, 4, 5], "y": [1, 2, 3, 4, 5], "confidence": 0.9}),
    "scaling.local_exponents": (scaling.local_exponents, {"x": [1, 2, 3], "y": [1, 2, 3]}),
    "slow_manifold.valley": (slow_manifold.valley, {"noise": 1.0}),
    "slow_manifold.across_variance": (slow_manifold.across_variance, {"x": [0.5], "lr": 0.1, "beta": 0.5, "noise": 1.0}),
    "slow_manifold.slow_flow": (slow_manifold.slow_flow, {"x": 0.5, "lr": 0.1, "steps": 2, "noise": 1.0}),
    "slow_manifold.diffusing_valley": (slow_manifold.diffusing_valley, {"along": 0.3, "noise": 1.0}),
    "slow_manifold.slow_law": (slow_manifold.slow_law, {"x": 0.5, "lr": 0.1, "steps": 2, "along": 0.3, "noise": 1.0}),
    "slow_manifold.measured_drift": (slow_manifold.measured_drift, {"paths": np.ones((2, 4, 2)), "lr": 0.1, "every": 1}),
    "small_steps.linear_moments": (small_steps.linear_moments, {"eigenvalues": [1.0, 0.5], "method": M, "steps": 2,
                                                                "start": 1.0,
                                                                "noise": 1.0}),
    "small_steps.stationary_variance": (small_steps.stationary_variance, {"eigenvalues": [1.0, 0.5], "method": M,
                                                                          "noise": 1.0}),
    "small_steps.slow_rate": (small_steps.slow_rate, {"eigenvalues": [1.0, 0.5], "lr": 0.1, "beta": 0.5}),
    "small_steps.step_noise_ratio": (small_steps.step_noise_ratio, {"beta": 0.5}),
    "small_steps.end_point_variance": (small_steps.end_point_variance, {"lr": 0.1, "beta": 0.5, "steps": 2, "noise": 1.0}),
    "small_steps.coupled_difference": (small_steps.coupled_difference, {"lr": 0.1, "beta": 0.5, "steps": 2, "noise": 1.0}),
    "small_steps.matched": (small_steps.matched, {"lr": 0.1, "beta": 0.5}),
    "small_steps.scheduled_beta": (small_steps.scheduled_beta, {"lr": 0.1, "alpha": 0.5, "memory": 1.0}),
    "small_steps.weak_difference": (small_steps.weak_difference, {"lr": 0.1, "beta": 0.5, "eigenvalues": (1.0,), "horizon": 1.0,
                                                                  "start": 1.0, "noise": 1.0}),
    "small_steps.matched_schedule": (small_steps.matched_schedule, {"schedule": PLAN}),
    "small_steps.schedule_difference": (small_steps.schedule_difference, {
        "spectrum": H, "schedule": PLAN, "noise": 1.0, "start": 1.0, "noise_model": "additive"}),
    "small_steps.measured_slope": (small_steps.measured_slope, {"x": [1, 2, 3, 4, 5], "y": [1, 2, 3, 4, 5], "confidence": 0.9}),
    "symptoms.diagnose": (symptoms.diagnose, {"spectrum": H, "lr": 0.1, "momentum": 0.5, "batch": 4, "noise": 0.0,
                                              "target": 1e-6, "against": None}),
    "System": (systems.System, {"matrix": ROWS, "rhs": ROWS @ [1.0, 1.0], "solution": None, "sampling": "row_norm",
                                "action": "projection"}),
    "System.kaczmarz": (systems.System.kaczmarz, {"matrix": ROWS, "rhs": ROWS @ [1.0, 1.0], "solution": None,
                                                  "sampling": "row_norm"}),
    "System.coordinate_descent": (systems.System.coordinate_descent, {"matrix": [[2.0, 1.0], [1.0, 2.0]], "rhs": [1.0, 1.0],
                                                                      "solution": None, "sampling": "row_norm"}),
    "System.least_squares_rows": (systems.System.least_squares_rows, {"matrix": ROWS, "rhs": ROWS @ [1.0, 1.0],
                                                                      "solution": None}),
    "System.errors": (SYSTEM.errors, {"w": [[1.0, 1.0]]}),
    "yardsticks.first_passage": (yardsticks.first_passage, {"errors": [[1.0, 0.5, 0.1]], "target": 0.2}),
    "yardsticks.krylov": (yardsticks.krylov, {"system": SYSTEM, "target": 1e-6, "solver": "lsqr", "limit": 10}),
    # -- logistic regression
    "Logistic": (mb.Logistic, {"rows": ROWS, "labels": [0, 1, 1, 0], "ridge": 0.1, "intercept": True, "name": "x"}),
    "Logistic.of": (mb.Logistic.of, {"design": CLASSES, "ridge": 0.1, "intercept": True}),
    "Logistic.loss": (LOGISTIC.loss, {"weights": [1.0, 2.0, 0.0]}),
    "Logistic.gradient": (LOGISTIC.gradient, {"weights": [1.0, 2.0, 0.0]}),
    "Logistic.gauss_newton": (LOGISTIC.gauss_newton, {"weights": [1.0, 2.0, 0.0]}),
    "advise_logistic": (mb.advise_logistic, {"source": CLASSES, "target": 0.1, "ridge": 0.1, "batches": [2, 4],
                                             "families": ["sgd"], "labels": None, "objective": "time", "overhead": 1.0}),
    "logistic_moments.expected_excess": (logistic_moments.expected_excess,
                                         {"model": LOGISTIC, "method": M, "batch": 2, "steps": 3, **DRAWS}),
}


def public():
    """The names of everything a reader may call."""
    found = set()

    def holds(owner, name):
        if name.rsplit(".", 1)[-1] not in RECORDS:
            found.add(name)
        if inspect.isclass(owner) and not issubclass(owner, Exception):
            for key, value in vars(owner).items():
                if not key.startswith("_") and (inspect.isfunction(value) or isinstance(value, (classmethod, staticmethod))):
                    found.add(f"{name}.{key}")

    for name in mb.__all__:
        if inspect.isfunction(getattr(mb, name)) or inspect.isclass(getattr(mb, name)):
            holds(getattr(mb, name), name)
    for module in MODULES:
        for name, value in vars(importlib.import_module(f"mombook.{module}")).items():
            own = getattr(value, "__module__", None) == f"mombook.{module}" and not name.startswith("_")
            if own and inspect.isfunction(value):
                found.add(f"{module.rpartition('.')[2]}.{name}")
            elif own and inspect.isclass(value):
                holds(value, name)
    return found - INNER


def _late(_, frame):
    raise TimeoutError(f"over {SECONDS} s")


def outcome(name, argument, value):
    """None where all is well, or what was wrong."""
    call, good = CALLS[name]
    given = {k: v() if k in ("rng", "drawn", "result", "source") and callable(v) else v for k, v in good.items()}
    before = signal.signal(signal.SIGPROF, _late)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            answer = call(**{**given, argument: value})
            if inspect.isgenerator(answer):
                answer = list(itertools.islice(answer, 4))
    except ValueError as error:
        given[argument] = value
        return f"not what was got: {error}" if shows_another(str(error), argument, given) else \
            None if re.search(rf"\b{argument}\b", str(error)) else f"unnamed: {error}"
    except Warning as warning:
        return f"warning: {warning!r}"
    except Exception as error:
        return f"other: {error!r}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return None if not is_nan(answer) else f"nan: {answer!r}"


def shows_another(sentence, argument, given):
    """Whether a refusal that begins with this argument's name shows as what was got another one's value."""
    def refused(value):
        with pytest.raises(ValueError) as caught:
            arguments.refuse(argument, value, "")
        return str(caught.value).rpartition("; got ")[2]

    got, own = sentence.rpartition("; got ")[2], refused(given[argument])
    others = (value for name, value in given.items() if name != argument)
    return sentence.startswith(f"{argument} must") and got.removesuffix(".") not in own and got in map(refused, others)


def is_nan(answer):
    return isinstance(answer, float) and np.isnan(answer)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A wild value may be the name of a folder to write to."""
    monkeypatch.chdir(tmp_path)


CASES = [(name, argument) for name, (_, good) in CALLS.items() for argument in good]


def test_every_public_callable_is_in_the_table():
    assert public() == set(CALLS), "public, but nothing is thrown at it; or no longer there"


def test_a_sane_call_is_answered():
    for name, (call, good) in CALLS.items():
        if call is not None and name != "read_sweep":
            argument = next(iter(good), None)
            if argument is None:
                call()
            else:
                given = good[argument]() if argument in ("rng", "drawn", "result", "source") and callable(good[argument]) \
                    else good[argument]
                assert outcome(name, argument, given) is None, (name, outcome(name, argument, given))


@pytest.mark.parametrize(("name", "argument"), CASES, ids=lambda v: v)
def test_wild_values_are_answered_or_refused_by_name(name, argument):
    turn = CASES.index((name, argument))
    wrong = [(type(v), outcome(name, argument, v)) for v in (kind[turn % len(kind)] for kind in WILD)]
    assert not [w for w in wrong if w[1]]


def test_the_fuzzer_sees_every_kind_of_fault(monkeypatch):
    """Without this a fuzzer that sees nothing would be green."""
    faults = {"unnamed": lambda x: arguments.refuse("y", x, "something else"), "warning": lambda x: np.log(np.array(0.0)),
              "other": lambda x: {}[x], "nan": lambda x: float("nan")}
    for kind, call in faults.items():
        monkeypatch.setitem(CALLS, "fault", (call, {"x": 1}))
        assert outcome("fault", "x", 1).startswith(kind)
    monkeypatch.setitem(CALLS, "fault", (lambda x, y: arguments.refuse("x", y, "small"), {"x": 1, "y": 2.5}))
    assert outcome("fault", "x", 7) == "not what was got: x must be small; got 2.5."
    monkeypatch.setattr("test_fuzz.SECONDS", 0.05)
    monkeypatch.setitem(CALLS, "fault", (lambda x: [None for _ in itertools.count() if _ < 0], {"x": 1}))
    assert "TimeoutError" in outcome("fault", "x", 1)
    monkeypatch.setitem(CALLS, "fault", (lambda x: x, {"x": 1}))
    assert outcome("fault", "x", 1) is None
