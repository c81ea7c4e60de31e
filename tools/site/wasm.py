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
    "data/test_fourth_moments.py::test_fewest_steps_are_those_of_the_best_rate",
    "exact/test_buffers.py::test_one_buffer_is_the_method",
    "exact/test_far.py::test_a_hundred_million_steps_by_two_roads",
    "exact/test_spread.py::test_bins_hardly_change_it",
    "model/test_spectrum.py::test_a_binned_spectrum_compresses_by_rank_and_keeps_its_gaps",
    "model/test_spectrum.py::test_a_compressed_spectrum_keeps_dimension_trace_extremes_and_gaps",
    "sample/test_gaussian.py::test_one_draw_has_the_distribution_of_literal_minibatches",
    "study/test_advisor.py::test_doubling_and_critical_batches_are_read_off_the_steps",
    "study/test_batch_sizes.py::test_the_table_is_its_functions",
    "study/test_batch_sizes.py::test_without_a_word_there_is_no_noise_and_a_start_of_one",
    "study/test_data_scaling.py::test_asgd_measured",
    "study/test_noisy_quadratic.py::test_the_search_is_as_good_as_the_engines",
    "study/test_race.py::test_the_optimum_is_the_best_of_a_fine_grid",
    "study/test_symptoms.py::test_the_map_is_the_diagnosis_cell_by_cell",
    "tuning/test_budget.py::test_additive_noise_alone",
    "tuning/test_budget.py::test_fewest_steps_and_least_risk_are_one_question",
    "tuning/test_budget.py::test_long_runs_of_two_steps_are_not_lost",
    "tuning/test_steps.py::test_what_is_reached_at_once_and_what_never",
    "tuning/test_steps.py::test_without_label_noise_training_in_epochs_may_end_at_any_step",
    "test_words.py::test_advice_is_written_so",
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
