"""What is loaded, what is refused and how."""

import sys

import numpy as np
import pytest

from mombook.data.loading import SHIPPED, load
from mombook.model.design import Design

RNG = np.random.default_rng
GOOD = RNG(0).normal(size=(30, 4)) * [1, 10, 0.1, 3] + [5, 0, 1, -2]
NAN = float("nan")


# -- what is loaded ---------------------------------------------------------------------------------------------------
def test_new_rows_are_predicted_in_the_units_of_the_table():
    """(original-weights) by least squares with an intercept; a column was dropped, those of a frame are in another order."""
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    rows = np.insert(rng.normal(size=(50, 3)) * [1.0, 20.0, 0.1] + [5.0, -3.0, 0.0], 1, 7.0, axis=1)
    y = 4.0 + rows @ [1.0, 0.0, -2.0, 30.0] + rng.normal(size=50)
    for standardise in (True, False):
        table = rows if standardise else rows - rows.mean(0)
        design = load(table, y if standardise else y - y.mean(), standardise=standardise)
        w = design.axes @ design.solution()
        A = np.column_stack([table[:, [0, 2, 3]], np.ones(50)])
        fit = np.linalg.lstsq(A, y if standardise else y - y.mean(), rcond=None)[0]
        a, b = design.original_weights(w)
        np.testing.assert_allclose([*a, b], fit, rtol=1e-8, atol=1e-8)
        new = rng.normal(size=(5, 4))
        np.testing.assert_allclose(design.predict(w, new), new[:, [0, 2, 3]] @ fit[:3] + fit[3], rtol=1e-8, atol=1e-8)
        np.testing.assert_array_equal(design.predict(w, new), design.predict(w, new[:, [0, 2, 3]]))
    frame = pandas.DataFrame(rows, columns=list("abcd"))
    named = load(frame, y)
    w = named.axes @ named.solution()
    np.testing.assert_allclose(named.predict(w, frame[list("dcba")]), named.predict(w, rows), rtol=1e-12)
    with pytest.raises(ValueError, match=r"^rows must be a table with the columns d too"):
        named.predict(w, frame[["a", "c"]])
    for wrong in ({"rows": rows[:, :2], "weights": w}, {"rows": rows, "weights": [1.0]}):
        with pytest.raises(ValueError, match=r"^(rows|weights) must be"):
            named.predict(**wrong)


def test_columns_are_standardised_and_the_scale_remembered():
    design = load(GOOD, target=GOOD @ [1.0, 2, 3, 4])
    np.testing.assert_allclose(design.rows.mean(0), 0, atol=1e-14)
    np.testing.assert_allclose(design.rows.std(0), 1, rtol=1e-12)
    np.testing.assert_allclose(design.scale, GOOD.std(0), rtol=1e-12)
    np.testing.assert_allclose(design.spectrum().trace, 4, rtol=1e-12)
    np.testing.assert_allclose([design.labels.mean(), design.labels.std()], [0, 1], atol=1e-13)
    # weights of the original columns are ours over the scale
    w = design.axes @ design.solution() / design.scale * (GOOD @ [1.0, 2, 3, 4]).std()
    np.testing.assert_allclose(w, [1, 2, 3, 4], rtol=1e-10)


def test_columns_can_be_taken_as_they_are():
    design = load(GOOD, standardise=False)
    np.testing.assert_array_equal(design.rows, GOOD)
    np.testing.assert_allclose(design.eigenvalues, np.linalg.eigvalsh(GOOD.T @ GOOD / 30)[::-1], rtol=1e-10)


@pytest.mark.parametrize(("n", "d"), [(40, 7), (7, 40), (9, 9)])
def test_eigenvalues_by_either_gram_matrix_are_those_of_the_covariance(n, d):
    design = load(RNG(1).normal(size=(n, d)), on_span=True)
    lam, V = design.eigenvalues, design.axes
    H = design.rows.T @ design.rows / n
    np.testing.assert_allclose(H @ V, V * lam, atol=1e-12)
    np.testing.assert_allclose(V.T @ V, np.eye(design.rank), atol=1e-12)
    np.testing.assert_allclose(lam.sum(), np.trace(H), rtol=1e-12)
    np.testing.assert_allclose(design.system.eigenvalues, lam, rtol=1e-10)
    assert design.rank == min(d, n - 1)


def test_the_solution_has_no_gradient_left():
    """The minimum of (design)."""
    for ridge in (0.0, 0.3):
        design = load("diabetes")
        w, n = design.axes @ design.solution(ridge), design.shape[0]
        np.testing.assert_allclose(design.rows.T @ design.residuals(ridge) / n, ridge * w, atol=1e-12)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_data_sets(name):
    design = load(name)
    assert design.labels is not None and design.spectrum().kappa > 1 and design.name in repr(design)
    np.testing.assert_allclose(design.rows.std(0), 1, rtol=1e-10)


def test_constant_columns_are_dropped_and_said():
    design = load(np.column_stack([GOOD, np.full(30, 7.0), np.full(30, 0.1)]))
    np.testing.assert_array_equal(design.rows, load(GOOD).rows)
    assert [n.split(":")[0] for n in design.notes] == ["Dropped column 4", "Dropped column 5"]
    many = load(np.column_stack([GOOD, np.ones((30, 8))]))
    assert many.notes == ("Dropped 8 columns that do not vary: 4, 5, 6, 7, 8, 9, ....",)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_tables_on_disk(tmp_path, suffix):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(GOOD, columns=list("abcd"))
    path = tmp_path / f"mine.{suffix}"
    getattr(table, f"to_{suffix}")(path, index=False)
    for source in (path, str(path), table):
        design = load(source, target="d")
        assert design.columns == ("a", "b", "c") and (design.name == "mine") == (source is not table)
        np.testing.assert_allclose(design.rows, load(GOOD[:, :3]).rows, rtol=1e-9)
        np.testing.assert_allclose(design.labels, load(GOOD[:, :3], GOOD[:, 3]).labels, rtol=1e-9)


# -- what is refused --------------------------------------------------------------------------------------------------
BAD = {
    "ragged": ([[1, 2], [3, 4, 5]], "row 0 has 2 entries, row 1 has 3"),
    "words": ([["red", 1], ["blue", 2]], "row 0, column 0 holds 'red'. Drop the column"),
    "nan": (np.where(np.arange(120).reshape(30, 4) == 41, NAN, GOOD), "row 10, column 1 is missing"),
    "nans": (np.where(np.arange(120).reshape(30, 4) > 110, NAN, GOOD), "column 3 is missing (nan) (the first of 9 such"),
    "infinite": (np.where(np.arange(120).reshape(30, 4) == 3, np.inf, GOOD), "row 0, column 3 is infinite"),
    "complex": (GOOD * 1j, "must hold numbers only"),
    "one row": (GOOD[:1], "at least two rows"),
    "no rows": (GOOD[:0], "(n, d)"),
    "one column, flat": (GOOD[:, 0], "a single column is X[:, None]"),
    "constant": (np.ones((5, 3)), "must have a column that varies"),
    "a number": (5, "a path, or one of"),
    "a missing file": ("nowhere.csv", "a file that exists"),
    "another kind of file": ("notes.txt", ".csv or .parquet"),
    "a data set to download": ("california", "one of breast_cancer, diabetes"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_sources_are_refused_with_the_place(case):
    source, place = BAD[case]
    with pytest.raises(ValueError) as caught:
        load(source)
    assert str(caught.value).startswith("source must ") and place in str(caught.value), str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(("target", "said"), [
    (np.ones(30), "labels that vary"), (np.ones(7), "shape (30,)"), (np.full(30, NAN), "row 0, column target is missing"),
    (["a"] * 30, "holds 'a'"), ("price", "shape (30,)")])
def test_bad_labels_are_refused(target, said):
    with pytest.raises(ValueError) as caught:
        load(GOOD, target)
    assert str(caught.value).startswith("target must ") and said in str(caught.value), str(caught.value)


@pytest.mark.parametrize(("text", "said"), [
    ("a,b\n1,2\n3,4,5\n", "equally many entries"), ("", "0 bytes"), ("a,b\n", "a table with rows"),
    ("a,b\n1,2\n3\n", "line 3 of mine.csv has 1"),
    ("a,b\n1,2\n3,\n", "row 1, column b is missing"), ("a,b\n1,2\n3,red\n", "row 1, column b holds 'red'")])
def test_bad_files_are_refused_with_the_place(tmp_path, text, said):
    pytest.importorskip("pandas")
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(ValueError) as caught:
        load(path)
    assert str(caught.value).startswith("source must ") and said in str(caught.value), str(caught.value)


def test_a_file_that_is_no_parquet_is_refused(tmp_path):
    pytest.importorskip("pandas")
    path = tmp_path / "mine.parquet"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"readable \.parquet file"):
        load(path)


def test_a_column_that_is_not_there_is_refused(tmp_path):
    pandas = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match=r"^target must be one of the columns a, b, c, d; got 'price'\.$"):
        load(pandas.DataFrame(GOOD, columns=list("abcd")), "price")


@pytest.mark.parametrize(("module", "source", "said"), [("pandas", "mine.csv", "pandas"), ("sklearn", "iris", "scikit-learn")])
def test_a_missing_library_is_named(monkeypatch, tmp_path, module, source, said):
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "mine.csv").write_text("a\n1\n")
    with pytest.raises(ImportError, match=rf"missing: pip install {said}"):
        load(source if module == "sklearn" else tmp_path / source)


@pytest.mark.parametrize(("rows", "why"), [(RNG(2).normal(size=(6, 9)), "6 rows cannot determine 9 weights"),
                                           (GOOD[:, [0, 1, 2, 0]], "some columns are combinations of others")])
def test_a_singular_covariance_is_explained(rows, why):
    with pytest.raises(ValueError) as caught:
        load(rows).spectrum()
    said = str(caught.value)
    assert why in said and "ridge=" in said and "on_span=True" in said and "drop columns" in said
    whole, span = load(rows).spectrum(ridge=0.1), load(rows, on_span=True).spectrum()
    np.testing.assert_array_equal(whole.eigenvalues, span.eigenvalues)


def test_a_design_refuses_what_is_not_one():
    for bad in ({"rows": [[1.0, NAN]]}, {"rows": [1.0]}, {"rows": GOOD, "labels": [1.0]}, {"rows": GOOD, "scale": [0.0] * 4}):
        with pytest.raises(ValueError, match=rf"^{list(bad)[-1]} must be"):
            Design(**bad)
    with pytest.raises(ValueError, match=r"^labels must be"):
        load(GOOD).solution()
