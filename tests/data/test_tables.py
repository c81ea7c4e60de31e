"""data/tables.py: hostile files are read right, with what was decided in a note, or refused in a sentence that says why."""

import codecs
import csv
import io
import itertools
import os

import numpy as np
import pytest

from mombook import Spectrum, advise, explore, load
from mombook.arguments import array

pandas = pytest.importorskip("pandas")

T = [[1.5, -2.0], [3.25, 4.0], [-0.5, 8.75]]
TEXT = "a,b\n1.5,-2.0\n3.25,4.0\n-0.5,8.75\n"
EURO = "a;b\n1,5;-2,0\n3,25;4,0\n-0,5;8,75\n"
INTS = [[3, 1, 4], [1, 5, 9], [2, 6, 5]]
PLAIN = "line 1 names the columns"
NUMBERED = "line 1 holds numbers, so the columns are numbered"
INDEX = "Dropped the first column: it has no name and numbers the rows"


def saved(**how):
    """What pandas writes of T."""
    return pandas.DataFrame(T, columns=["a", "b"]).to_csv(**how)


# name -> (the file, its numbers, the names of its columns, what the notes say)
READ = {
    "commas and points": (TEXT, T, "ab", ["UTF-8", "commas between columns and decimal points", PLAIN]),
    "semicolons and commas": (EURO, T, "ab", ["semicolons between columns and decimal commas"]),
    "semicolons and points": (EURO.replace(",", "."), T, "ab", ["semicolons", "decimal points"]),
    "tabs": (TEXT.replace(",", "\t"), T, "ab", ["tabs"]),
    "tabs and commas": (EURO.replace(";", "\t"), T, "ab", ["tabs", "decimal commas"]),
    "bars": (TEXT.replace(",", "|"), T, "ab", ["vertical bars"]),
    "spaces": (TEXT.replace(",", "  "), T, "ab", ["spaces"]),
    "spaces and commas": (EURO.replace(";", " "), T, "ab", ["spaces", "decimal commas"]),
    "spaces after commas": (TEXT.replace(",", ", "), T, "ab", ["commas"]),
    "Excel's line sep=": ("sep=;\n" + EURO, T, "ab", ["semicolons", "Skipped a line above the table", "line 2 names"]),
    "whole numbers, semicolons": ("a;b;c\n3;1;4\n1;5;9\n2;6;5\n", INTS, "abc", ["semicolons"]),
    "no names": (TEXT[4:], T, "01", [NUMBERED]),
    "no names, whole numbers": ("3,1,4\n1,5,9\n2,6,5\n", INTS, "012", [NUMBERED]),
    "no names, semicolons": (EURO[4:], T, "01", [NUMBERED, "semicolons"]),
    "no names, spaces, exponents": ("1.5e0 -2e+00\n3.25E0 4e0\n-.5 8.75\n", T, "01", [NUMBERED, "spaces"]),
    "pandas' index": (saved(), T, "ab", [INDEX]),
    "pandas' index, shuffled": (",a,b\n7,1.5,-2\n2,3.25,4\n5,-0.5,8.75\n", T, "ab", [INDEX]),
    "R's row numbers": ('"","a","b"\n"1",1.5,-2\n"2",3.25,4\n"3",-0.5,8.75\n', T, "ab", [INDEX]),
    "pandas' index and its numbered columns": (pandas.DataFrame(T).to_csv(), T, "01", [INDEX]),
    "pandas' numbered columns": (pandas.DataFrame(T).to_csv(index=False), T, "01", [PLAIN]),
    "pandas' numbered columns and a name": ("0,1,y\n" + "3,1,4\n1,5,9\n2,6,5\n", INTS, "01y", [PLAIN]),
    "a separator at the end of every line": (TEXT.replace("\n", ",\n"), T, "ab", ["Dropped the last column"]),
    "a separator at the end of all lines but the first": (
        "a,b\n1.5,-2,\n3.25,4,\n-0.5,8.75,\n", T, "ab", ["Dropped the last column"]),
    "UTF-8 with its mark": (codecs.BOM_UTF8 + TEXT.encode(), T, "ab", ["UTF-8"]),
    "UTF-16": (TEXT.encode("utf-16"), T, "ab", ["UTF-16"]),
    "UTF-16, big end first": (codecs.BOM_UTF16_BE + EURO.encode("utf-16-be"), T, "ab", ["UTF-16", "decimal commas"]),
    "UTF-16 without its mark": (TEXT.encode("utf-16-le"), T, "ab", ["UTF-16"]),
    "UTF-16, big, without its mark": (TEXT.encode("utf-16-be"), T, "ab", ["UTF-16"]),
    "UTF-32": (TEXT.encode("utf-32"), T, "ab", ["UTF-32"]),
    "Latin-1": (TEXT.replace("a", "ä").encode("latin-1"), T, "äb", ["Windows-1252 (it is not UTF-8)"]),
    "Windows-1252": (TEXT.replace("a", "€").encode("cp1252"), T, "€b", ["Windows-1252"]),
    "Latin-1 with what Windows lacks": (b"\x81,b" + TEXT[3:].encode(), T, "\x81b", ["Latin-1 (it is not UTF-8)"]),
    "lines of Windows": (TEXT.replace("\n", "\r\n"), T, "ab", [PLAIN]),
    "lines of an old Macintosh": (TEXT.replace("\n", "\r"), T, "ab", [PLAIN]),
    "no end of the last line": (TEXT.rstrip(), T, "ab", [PLAIN]),
    "blank lines": ("\n\n" + TEXT.replace("\n", "\n\n") + "\n\n", T, "ab", ["Skipped 2 lines above", "line 3 names"]),
    "comments": ("# made by hand, \"so\n# 5\" wide\n" + TEXT, T, "ab", ["Skipped 2 lines above the table", "line 3 names"]),
    "names in NumPy's comment": ("# a,b\n" + TEXT[4:], T, "ab", ["the line above the numbers names the columns"]),
    "quotes": ('"a","b"\n"1.5","-2.0"\n"3.25","4.0"\n"-0.5","8.75"\n', T, "ab", [PLAIN]),
    "a separator and a line in a name": ('"a, in\nm",b' + TEXT[3:], T, ["a, in\nm", "b"], [PLAIN]),
    "one column": ("a\n1.5\n3.25\n-0.5\n", [[1.5], [3.25], [-0.5]], "a", [PLAIN]),
    "true and false": ("a,b\nTrue,2\nFalse,1\nTrue,5\n", [[1, 2], [0, 1], [1, 5]], "ab", [PLAIN]),
    "three decimals": (
        "a;b\n0.123;1\n1.234;2\n2.345;1000\n", [[0.123, 1], [1.234, 2], [2.345, 1000]], "ab", ["decimal points"]),
    "a column that counts": ("id,b\n1,5\n2,3\n3,9\n4,1\n", [[1, 5], [2, 3], [3, 9], [4, 1]], ["id", "b"],
                             ["Column id counts the rows: leave it out"]),
    "sodium": ("NA,b" + TEXT[3:], T, ["NA", "b"], [PLAIN]),
    "a constant column": (
        "a,b,c\n1,2,7\n3,1,7\n2,5,7\n", [[1, 2], [3, 1], [2, 5]], "ab", ["Dropped column c: it does not vary"]),
}

# name -> (the file, words of the sentence)
REFUSED = {
    "decimal commas between commas": ("a,b\n1,5,2,5\n3,25,4,0\n", "2 names over 4 columns"),
    "decimal commas in one column": ("a\n1,5\n2,5\n", "1 names over 2 columns"),
    "quoted decimal commas": ('a,b\n"1,5",2\n"2,5",3\n', "row 0, column a holds '1,5', which is no number with decimal points"),
    "both decimal marks": ("a;b\n1,5;2.5\n2,5;3.5\n1,25;4.5\n", "holds"),
    "one point among decimal commas": (
        "a;b\n1,5;2,5\n2,5;3,5\n1.25;4,5\n", "row 2, column a holds '1.25', which is no number with"),
    "thousands": ("a;b\n999;1,5\n1.001;2,5\n", "column a holds '1.001', which is no number with decimal commas"),
    "points that may be thousands": ("a;b\n999;1\n1.001;2\n", "decimals and thousands"),
    "commas that may be thousands": ("a\tb\n999\t1\n1,001\t2\n", "decimals and thousands"),
    "thousands with spaces": ("a,b\n1 234,5\n1 235,6\n", "1 names over 2 columns"),
    "decimal commas in one column without a name": ("0,17\n-0,09\n1,5\n", "a part of a number with a decimal comma"),
    "a short header": ("a,b\n1,2,3\n4,5,7\n", "2 names over 3 columns"),
    "R's write.table": ('"a" "b"\n"1" 1.5 2\n"2" 2.5 3\n', "R: write.csv"),
    "a long header": ("a,b,c\n1,2\n4,5\n", "3 names over 2 columns"),
    "a short header over row numbers": ("a,b\n0,1,2\n1,4,5\n2,7,7\n", "2 names over 3 columns"),
    "names or numbers, from 0": ("0,1\n2,3\n4,5\n", "(0, 1) may hold names or numbers"),
    "years or numbers": ("2019,2020\n1.5,2.5\n3.5,4.5\n", "(2019, 2020) may hold names or numbers"),
    "words and numbers over the columns": ("x,2020\n1,2\n3,4\n", "(x, 2020) holds words and numbers"),
    "a word in the first row": ("?,1\n2,3\n4,5\n", "(?, 1) holds words and numbers"),
    "missing in a first row without names": ("NA,1\n2,3\n4,5\n", "row 0, column 0 is missing"),
    "nothing over the columns": (",\n1,2\n3,4\n", "is empty"),
    "no name over a column of measurements": (",a\n0.5,1\n0.25,2\n", "column 0 has none"),
    "no name in the middle": ("a,,c\n1,2,3\n4,5,7\n", "column 1 has none"),
    "names of rows": (",a\nx,1\ny,2\n", "row 0, column  holds 'x'"),
    "one name twice": ("a,b,a\n1,2,3\n4,5,7\n", "columns 0 and 2 are all called 'a'"),
    "a long line": ("a,b\n1,2\n3,4\n5,6,7\n", "line 4 of mine.csv has 3, the first row of numbers has 2"),
    "a short line": ("a,b\n\n1,2\n3\n5,6\n", "line 4 of mine.csv has 1, the first row of numbers has 2"),
    "a long line below comments": ("# x\na,b\n1,2\n5,6,7\n", "line 4 of mine.csv has 3"),
    "a missing entry": ("a,b\n1,2\n3,\n5,6\n", "row 1, column b is missing"),
    "a gap between spaces": ("a b c\n1 2 3\n4   6\n", "line 3 of mine.csv has 2"),
    "a blank line in one column": ("a\n1\n\n3\n", "row 1, column a is missing"),
    "lines of separators": ("a,b\n1,2\n3,4\n,\n,\n", "row 2, column a is missing"),
    "an open quote": ('a,b\n1,2\n"3,4\n5,6\n', "a quote that is not closed"),
    "a very long open quote": ('a,b\n"1,2\n' + "3,4\n" * 60_000, "quote not closed"),
    "text": ("a,b\n1,2\n3,red\n", "row 1, column b holds 'red'"),
    "units under the names": ("a,b\ncm,kg\n1,2\n3,4\n", "row 0, column a holds 'cm'"),
    "names again in the middle": ("a,b\n1,2\na,b\n3,4\n", "row 1, column a holds 'a'"),
    "text everywhere": ("a;b\nred;blue\ngreen;red\n", "row 0, column a holds 'red'"),
    "underscores": ("a,b\n1_0,2\n2_0,3\n", "row 0, column a holds '1_0'"),
    "other digits": ("a,b\n١,2\n٢,3\n", "row 0, column a holds '١'"),
    "another minus": ("a,b\n\N{MINUS SIGN}1,2\n2,3\n", "row 0, column a holds"),
    "per cent": ("a,b\n5%,2\n6%,3\n", "row 0, column a holds '5%'"),
    "hexadecimal": ("a,b\n0x10,2\n0x11,3\n", "row 0, column a holds '0x10'"),
    "infinite": ("a,b\n1,2\ninf,3\n", "row 1, column a is infinite"),
    "too large": ("a,b\n1e200,2\n2e200,3\n", "between 1e-150 and 1e150"),
    "too small": ("a,b\n1e-200,2\n2e-200,3\n", "between 1e-150 and 1e150"),
    "nothing": ("", "0 bytes"),
    "nothing but lines": ("\n\n \n", "this one is blank"),
    "nothing but a mark": (codecs.BOM_UTF8, "this one is blank"),
    "nothing but comments": ("# a\n# b\n", "a table with rows and columns"),
    "nothing but names": ("a,b\n", "a table with rows and columns"),
    "one row": ("a,b\n1,2\n", "at least two rows"),
    "zeros in the middle": (TEXT.encode() + b"1,\0" * 3, "binary or damaged"),
    "random bytes": (bytes(np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8)), "binary or damaged"),
    "UTF-16 cut in a letter": (TEXT.encode("utf-16")[:-1], "in one encoding"),
    "UTF-8 marked, then Latin-1": (codecs.BOM_UTF8 + "ä,b\n1,2\n".encode("latin-1"), "in one encoding"),
    "Excel": (b"PK\x03\x04" + bytes(100), "an Excel workbook"),
    "gzip": (b"\x1f\x8b\x08" + bytes(100), "compressed by gzip"),
    "NumPy": (b"\x93NUMPY" + bytes(100), "numpy.load"),
    "Parquet under another name": (b"PAR1" + bytes(100), "a Parquet file"),
}


def written(folder, content, name="mine.csv"):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("case", READ)
def test_a_file_is_read_right_and_the_notes_say_how(case, tmp_path):
    content, numbers, names, notes = READ[case]
    design = load(written(tmp_path, content), standardise=False)
    np.testing.assert_array_equal(design.rows, numbers)
    assert design.columns == tuple(names) and design.notes[0].startswith("Read mine.csv as ")
    for note in notes:
        assert note in " ".join(design.notes), design.notes
    assert len(design.notes) == 1 or "umn" in repr(design.notes[1:]) or "Skipped" in repr(design.notes[1:])


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_read_in_one_way_is_refused_with_the_cause(case, tmp_path):
    content, words = REFUSED[case]
    with pytest.raises(ValueError) as caught:
        load(written(tmp_path, content))
    said = str(caught.value)
    assert said.startswith("source must ") and words in said and said.endswith("."), said
    assert len(said) < 320 and "\n" not in said and "Error" not in said


def test_whatever_pandas_writes_is_read_right_or_refused(tmp_path):
    """Every way of writing, on random tables: the numbers come back, or a sentence says what is in doubt."""
    rng, read = np.random.default_rng(4), 0
    for k, (mark, index, header, encoding, end, quoting) in enumerate(itertools.product(
            (",.", ";.", ";,", "\t.", "\t,", "|,", " ."), (False, True), (False, True), ("utf-8", "utf-16", "latin-1"),
            ("\n", "\r\n"), (csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC))):
        n, d, digits = int(rng.integers(2, 9)), int(rng.integers(1, 5)), int(rng.integers(0, 4))
        X = (rng.normal(size=(n, d)) * 10.0 ** rng.integers(-1, 4, d)).round(digits)
        names = list(range(d)) if k % 3 == 0 else [f"{'ä' if k % 2 else 'x'}{j}" for j in range(d)]
        frame = pandas.DataFrame(X if digits else X.astype(int), columns=names)
        path = tmp_path / "mine.csv"
        frame.to_csv(path, sep=mark[0], decimal=mark[1], index=index, header=header, encoding=encoding, lineterminator=end,
                     quoting=quoting)
        try:
            rows = load(path, standardise=False).rows
        except ValueError as refused:
            assert str(refused).startswith("source must "), (path.read_bytes(), refused)
            continue
        read += 1
        varying = X[:, X.std(axis=0) > 0]
        if index and not header:                                        # row numbers without a name are kept, and told of
            varying = np.column_stack([np.arange(n), varying])
        np.testing.assert_array_equal(rows, varying, err_msg=repr(path.read_bytes()))
    assert read > 230, read


def test_notes_are_shown_before_any_advice(tmp_path):
    rng, lines = np.random.default_rng(0), io.StringIO()
    np.savetxt(lines, rng.normal(size=(60, 3)), delimiter=";")
    path = written(tmp_path, lines.getvalue().replace(".", ","))
    design = load(path)
    told = design.notes[0]
    assert "decimal commas" in told and repr(design).splitlines()[1] == told
    advice = advise(design, target=0.1, families=["sgd"], batches=[1, 2])
    assert advice.sentences()[0] == told and str(advice).startswith(told)
    assert explore.advisor(data=path, simulate=False).sentence.endswith(told)


# -- paths ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["mine.CSV", "mine.Csv"])
def test_large_letters_end_a_name_too(name, tmp_path):
    np.testing.assert_array_equal(load(written(tmp_path, TEXT, name), standardise=False).rows, T)


def test_parquet_is_read_with_its_index_left_out(tmp_path):
    frame = pandas.DataFrame(T, columns=["a", "b"], index=[7, 2, 5])
    frame.to_parquet(tmp_path / "mine.PARQUET")
    design = load(tmp_path / "mine.PARQUET", standardise=False)
    np.testing.assert_array_equal(design.rows, T)
    assert design.columns == ("a", "b")


@pytest.mark.parametrize(("make", "words"), [
    (lambda path: path.mkdir(), "a folder"),
    (os.mkfifo, "a pipe, a socket or a device"),                        # and the test ends
    (lambda path: path.symlink_to("/dev/zero"), "a pipe, a socket or a device"),
    (lambda path: path.symlink_to("nowhere"), "a file that exists"),
    (lambda path: None, "a file that exists")])
def test_what_is_no_file_is_refused_without_being_opened(make, words, tmp_path):
    make(tmp_path / "mine.csv")
    with pytest.raises(ValueError, match=rf"^source must be .*{words}"):
        load(tmp_path / "mine.csv")


@pytest.mark.parametrize(("path", "words"), [
    (".", "this is a folder"), ("x" * 5000 + ".csv", "a file that exists"), ("a\0b.csv", "a file that exists"),
    ("", "this is a folder"), ("wine ", "one of breast_cancer"), ("mine.xlsx", ".csv or .parquet")])
def test_odd_paths_are_refused(path, words):
    with pytest.raises(ValueError, match=r"^source must be ") as caught:
        load(path)
    assert words in str(caught.value)


# -- arrays and tables in memory --------------------------------------------------------------------------------------
def test_masked_entries_are_refused_wherever_an_array_enters():
    masked, fine = np.ma.array(T, mask=[[0, 1], [0, 0], [0, 0]]), np.ma.array(T)
    for bad in (masked, list(masked), tuple(masked)):
        with pytest.raises(ValueError, match=r"^source must be without masked entries"):
            load(bad)
    with pytest.raises(ValueError, match=r"^target must be without masked entries"):
        load(T, target=np.ma.array([1.0, 2, 3], mask=[1, 0, 0]))
    np.testing.assert_array_equal(load(fine, target=fine[:, 0], standardise=False).rows, T)
    weights = np.ma.array([1.0, 2.0], mask=[False, True])
    for call in (lambda: Spectrum(weights), lambda: Spectrum([1.0, 2.0], counts=weights),
                 lambda: array("x", [weights, weights]),
                 lambda: array("x", [1.0, np.ma.masked]), lambda: load(T).__class__(masked)):
        with pytest.raises(ValueError, match="none of them masked"):
            call()
    np.testing.assert_array_equal(Spectrum(np.ma.array([1.0, 2.0])).eigenvalues, [2.0, 1.0])


@pytest.mark.parametrize("argument", ["standardise", "on_span"])
@pytest.mark.parametrize("value", ["no", "yes", 0, 1, None, np.array([True])])
def test_a_switch_is_true_or_false(argument, value):
    with pytest.raises(ValueError, match=f"^{argument} must be True or False; got "):
        load(T, **{argument: value})


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_matrix_is_an_array_and_a_sparse_one_is_refused():
    from scipy import sparse

    design = load(np.asmatrix(T), standardise=True)
    np.testing.assert_array_equal(design.rows, load(T).rows)
    assert type(design.rows) is np.ndarray
    with pytest.raises(ValueError, match=r"dense array.*toarray\(\)"):
        load(sparse.csr_array(T))
    with pytest.raises(ValueError, match=r"^target must be labels of shape \(3,\)"):
        load(T, target=np.asmatrix([1.0, 2.0, 3.0]))


FRAME = pandas.DataFrame(T, columns=["a", "b"], index=["x", "y", "z"])


def test_a_series_is_matched_by_its_index():
    y = pandas.Series([1.0, 2.0, 4.0], index=["x", "y", "z"])
    straight, turned = load(FRAME, y, standardise=False), load(FRAME, y.iloc[::-1], standardise=False)
    for design in (straight, turned):
        np.testing.assert_array_equal(design.labels, [1, 2, 4])
    assert straight.notes == () and turned.notes == ("Matched target to the rows by its index, whose order is another.",)
    for other in (y.reset_index(drop=True), y.set_axis(["x", "x", "z"]), y.set_axis(["x", "y", "w"])):
        with pytest.raises(ValueError, match=r"^target must have the index of source"):
            load(FRAME, other)
    np.testing.assert_array_equal(load(FRAME, y.iloc[::-1].to_numpy(), standardise=False).labels, [4, 2, 1])
    loose = load(T, y, standardise=False)
    np.testing.assert_array_equal(loose.labels, [1, 2, 4])
    assert "by position" in loose.notes[0] and load(T, y.reset_index(drop=True)).notes == ()
    with pytest.raises(ValueError, match=r"^target must be labels of shape \(3,\)"):
        load(FRAME, y.iloc[:2])


def test_a_series_is_matched_to_a_file_by_the_number_of_the_row(tmp_path):
    path, y = written(tmp_path, TEXT), pandas.Series([4.0, 1.0, 2.0], index=[2, 0, 1])
    design = load(path, y, standardise=False)
    np.testing.assert_array_equal(design.labels, [1, 2, 4])
    assert "by its index" in design.notes[-1]


@pytest.mark.parametrize(("frame", "words"), [
    (FRAME.set_axis(["a", "a"], axis=1), "columns 0 and 1 are all called 'a'"),
    (FRAME.set_axis([1, "1"], axis=1), "are all called '1'"),
    (FRAME.set_axis(["a", "Unnamed: 3"], axis=1), "column 1 has none"),
    (FRAME.assign(c=["u", "v", "w"]), "row 0, column c holds 'u'"),
    (FRAME.assign(c=["1_0", "2", "3"]), "row 0, column c holds '1_0'"),
    (FRAME.assign(c=pandas.to_datetime(["2020-01-01"] * 3)), "row 0, column c holds Timestamp"),
    (FRAME.assign(c=pandas.to_timedelta([1, 2, 3], "s")), "row 0, column c holds Timedelta"),
    (FRAME.assign(c=pandas.array([1, None, 3], dtype="Int64")), "row 1, column c is missing"),
    (FRAME.assign(c=[1j, 2, 3]), "row 0, column c holds"),
    (FRAME.assign(c=pandas.Series([10**400, 2, 3], index=FRAME.index, dtype=object)), "row 0, column c holds 1000"),
])
def test_tables_that_are_no_numbers_are_refused(frame, words):
    with pytest.raises(ValueError, match=r"^source must ") as caught:
        load(frame)
    assert words in str(caught.value) and len(str(caught.value)) < 300


def test_a_tables_own_kinds_of_numbers_are_numbers():
    frame = FRAME.assign(c=pandas.array([1, 2, 5], dtype="Int64"), d=pandas.Categorical([1, 2, 1]), e=[True, False, False],
                         f=["1.5", " 2 ", "3e1"])
    design = load(frame, target="c", standardise=False)
    np.testing.assert_array_equal(design.rows, np.column_stack([T, [1, 2, 1], [1, 0, 0], [1.5, 2, 30]]))
    np.testing.assert_array_equal(design.labels, [1, 2, 5])
    numbered = pandas.DataFrame(T)
    np.testing.assert_array_equal(load(numbered, target="1", standardise=False).labels, [-2.0, 4.0, 8.75])
    again = pandas.DataFrame({"Unnamed: 0": [0, 1, 2], "a": [1.0, 2.0, 4.0]})
    assert load(again).columns == ("a",) and INDEX in load(again).notes[0]


@pytest.mark.parametrize("source", [
    ["12", "34"], [b"12", b"34"], [{0: 1.5, 1: 2.5}, {0: 3.5, 1: 1.5}], {"12": [1, 2], "34": [3, 5]}, {(1, 2), (3, 5)},
    [{1, 2}, {3, 5}], iter(T), pandas.Series([1.0, 2.0]), "1,2\n3,5\n", b"1,2", [], [[], []], [[[1, 2]], [[3, 4]]]])
def test_what_only_looks_like_rows_is_refused(source):
    with pytest.raises(ValueError, match=r"^source must be "):
        load(source)


def test_rows_may_be_of_several_kinds():
    for source in (T, tuple(map(tuple, T)), [np.array(row) for row in T], [pandas.Series(row) for row in T],
                   [range(2), T[1], T[2]]):
        rows = load(source, standardise=False).rows
        np.testing.assert_array_equal(rows[1:], T[1:])
    arrow = pytest.importorskip("pyarrow").table({"a": [1.5, 3.25, -0.5], "b": [-2.0, 4.0, 8.75]})
    design = load(arrow, standardise=False)
    np.testing.assert_array_equal(design.rows, T)
    assert design.columns == ("a", "b")


@pytest.mark.slow
def test_a_very_wide_file_is_read(tmp_path):
    X = np.random.default_rng(0).normal(size=(4, 60_000)).round(3)
    path = tmp_path / "mine.csv"
    np.savetxt(path, X, delimiter=",", header=",".join(f"a_name_of_some_length_{j}" for j in range(X.shape[1])), comments="",
               fmt="%.3f")
    design = load(path, standardise=False)
    np.testing.assert_array_equal(design.rows, X)
    assert design.columns[-1] == "a_name_of_some_length_59999"


def test_a_target_that_is_all_there_is_is_refused():
    with pytest.raises(ValueError, match=r"^target must be one of several columns"):
        load(FRAME[["a"]], target="a")
