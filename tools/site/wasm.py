"""The engine's tests under WebAssembly: in Pyodide, the Python of the site's pages, under node.

    python -m tools.site.wasm [pytest's arguments]
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from . import distribution, wheel
from .places import ROOT, program

SCRIPT = Path(__file__).with_name("wasm_tests.mjs")

DEAR = tuple(f"tests/{name}" for name in (
    "data/test_estimate.py::test_lanczos_of_a_wide_sparse_matrix_predicts_the_exact_gaps",
    "data/test_estimate.py::test_lanczos_with_as_many_steps_as_eigenvalues_is_exact",
    "data/test_estimate.py::test_power_law_fit_finds_the_law_of_gaussian_rows",
    "data/test_fourth_moments.py::test_fewest_steps_are_those_of_the_best_rate",
    "exact/test_additive.py::test_steps_to_a_target_lie_between_the_last_above_and_the_first_below",
    "exact/test_buffers.py::test_one_buffer_is_the_method",
    "exact/test_buffers.py::test_one_buffer_on_a_large_spectrum",
    "exact/test_far.py::test_a_hundred_million_steps_by_two_roads",
    "exact/test_one_weight.py::test_the_typical_rate_is_what_runs_show_on_either_side_of_its_limit",
    "exact/test_row_moments.py::test_simple_momentum_keeps_its_promise_on_any_spectrum_and_any_rows",
    "exact/test_schedule.py::test_the_gradient_is_that_of_differences",
    "exact/test_secular.py::test_solve_is_solve_one",
    "exact/test_small_steps.py::test_differences_vanish_at_the_rate_of_the_schedule",
    "exact/test_spread.py::test_a_batch_of_two_in_two_directions",
    "exact/test_spread.py::test_bins_hardly_change_it",
    "exact/test_spread.py::test_so_many_means_of_runs_lie_within_their_interval",
    "model/test_spectrum.py::test_a_binned_spectrum_compresses_by_rank_and_keeps_its_gaps",
    "model/test_spectrum.py::test_a_compressed_spectrum_keeps_dimension_trace_extremes_and_gaps",
    "sample/test_gaussian.py::test_literal_minibatches_are_within_five_standard_errors_too",
    "sample/test_gaussian.py::test_one_draw_has_the_distribution_of_literal_minibatches",
    "test_bounds.py::test_four_is_the_best_constant_of_heavy_ball",
    "test_bounds.py::test_the_noiseless_cap_is_reached",
    "test_bounds.py::test_the_two_sides_of_the_whole_family_match",
    "test_words.py::test_advice_is_written_so",
    "tuning/test_budget.py::test_a_dip_below_the_target_counts",
    "tuning/test_budget.py::test_a_quick_budget_is_near",
    "tuning/test_budget.py::test_a_run_of_few_modes_has_many_minima",
    "tuning/test_budget.py::test_additive_noise_alone",
    "tuning/test_budget.py::test_fewest_steps_and_least_risk_are_one_question",
    "tuning/test_budget.py::test_levels_stand_in_for_long_runs",
    "tuning/test_budget.py::test_long_runs_of_two_steps_are_not_lost",
    "tuning/test_frontiers.py::test_fourth_moments_t_times_as_large_are_a_batch_t_times_as_small",
    "tuning/test_frontiers.py::test_tune_steps_reaches_the_target_no_later_than_the_asymptotic_method",
    "tuning/test_frontiers.py::test_tune_steps_says_when_nothing_reaches_the_target",
    "tuning/test_long_run.py::test_a_batch_beside_others_has_the_same_bits_as_alone",
    "tuning/test_long_run.py::test_no_neighbour_beats_the_tuned_method",
    "tuning/test_steps.py::test_what_is_reached_at_once_and_what_never",
    "tuning/test_steps.py::test_without_label_noise_training_in_epochs_may_end_at_any_step",
))
"""Searches and statistics of the engine, seconds each under WebAssembly, whose arithmetic quicker tests hold there too."""


def run(*arguments, seconds=2400):
    """Run the tests on mombook as the site ships it.

    Args:
        arguments: pytest's; seconds: how long it may take.

    Returns:
        The number of tests passed, and everything that was printed.

    Raises:
        Missing: node or a part of Pyodide cannot be had; RuntimeError: a test failed, there was none, or time ran out.
    """
    node, left_out = program("node"), [f"--deselect={test}" for test in DEAR]
    with tempfile.TemporaryDirectory() as scratch:
        distribution.install(scratch, wheel.build(scratch), groups=("test",))
        record = Path(scratch, "printed.txt")                           # read also when time runs out: which test was it?
        with record.open("wb") as file:
            tests = subprocess.Popen([node, SCRIPT, Path(scratch, distribution.FOLDER), ROOT, *left_out, *arguments],
                                     stdout=file, stderr=subprocess.STDOUT)
            try:
                status = tests.wait(seconds)
            except subprocess.TimeoutExpired:
                status = f"stopped after {seconds} s"
            finally:
                tests.kill()
                tests.wait()
        printed = record.read_text(errors="replace")
    passed = re.search(r"^(?:=+ )?(\d+) passed", printed, re.MULTILINE)
    if status or not passed:
        raise RuntimeError(f"the engine's tests fail under WebAssembly ({status}):\n{printed[-6000:]}")
    return int(passed[1]), printed


if __name__ == "__main__":
    print(run(*sys.argv[1:])[1])
