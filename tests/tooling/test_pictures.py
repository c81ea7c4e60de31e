"""Pictures of panels in saved notebooks: small, kept while the figure stays, missed aloud where there is no Chromium."""

import base64
import re
import struct
import zlib

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from mombook.panels.translator import TranslatorPanel
from tools import pictures
from tools.build_notebooks import PANEL, without_pictures, written

pytestmark = pytest.mark.slow

PLACE = {"panel": "translator", "scenario": "kappa=100;decay=2;batch=8;d=20"}


class Draft:
    """A press that draws one grey pixel and counts."""

    drawn = 0

    def draw(self, figure):
        Draft.drawn += 1
        return b"pixel"

    def close(self):
        """Nothing to close."""


def saved(**place):
    output = new_output("display_data", {"text/plain": "what is seen", PANEL: {**PLACE, **place}})
    return new_notebook(cells=[new_code_cell("panel", outputs=[output])])


def png(pixels, how):
    """An RGBA or RGB PNG with one filter for every row, written from the specification."""
    height, width, n = pixels.shape
    padded = np.pad(pixels.astype(int), ((1, 0), (1, 0), (0, 0)))
    left, above, corner = padded[1:, :-1], padded[:-1, 1:], padded[:-1, :-1]
    p = left + above - corner
    distances = np.stack([abs(p - left), abs(p - above), abs(p - corner)])
    paeth = np.choose(distances.argmin(0), [left, above, corner])
    guess = [0 * p, left, above, (left + above) // 2, paeth][how]
    rows = ((pixels - guess) % 256).astype(np.uint8).reshape(height, -1)
    raw = np.concatenate([np.full((height, 1), how, np.uint8), rows], axis=1).tobytes()
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, {3: 2, 4: 6}[n], 0, 0, 0)), (b"IDAT", zlib.compress(raw)),
             (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d))
                                           for k, d in parts)


def test_every_filter_of_a_png_is_read():
    pixels = np.random.default_rng(0).integers(0, 256, (7, 9, 4)).astype(np.uint8)
    for how in range(5):
        np.testing.assert_array_equal(pictures.read(png(pixels, how)), pixels)
        np.testing.assert_array_equal(pictures.read(png(pixels[..., :3], how)), pixels[..., :3])


def test_fewer_colors_keep_the_common_ones():
    pixels = np.full((20, 20, 3), 255, np.uint8)
    pixels[5], pixels[9, 9] = (0, 114, 178), (250, 250, 250)
    small = pictures.fewer_colors(png(pixels, 0), 2)
    at = small.index(b"PLTE")
    assert small[at + 4:at + 10] == bytes([255, 255, 255, 0, 114, 178])
    rows = np.frombuffer(zlib.decompress(small[small.index(b"IDAT") + 4:small.index(b"IEND") - 8]), np.uint8).reshape(20, 21)
    assert (rows[5, 1:] == 1).all() and rows[9, 10] == 0


def test_a_picture_is_drawn_once_and_again_when_the_figure_changes(monkeypatch):
    monkeypatch.setattr(pictures, "Press", Draft)
    Draft.drawn = 0
    old = saved()
    assert pictures.illustrate(old, None, PANEL) == [] and Draft.drawn == 1
    assert base64.b64decode(old.cells[0].outputs[0].data["image/png"]) == b"pixel"
    again, moved = saved(), saved(scenario="kappa=200;decay=2;batch=8;d=20")
    pictures.illustrate(again, old, PANEL)
    assert Draft.drawn == 1 and written(again).replace(again.cells[0].id, "") == written(old).replace(old.cells[0].id, "")
    pictures.illustrate(moved, old, PANEL)
    assert Draft.drawn == 2
    plain = TranslatorPanel.figure
    monkeypatch.setattr(TranslatorPanel, "figure", lambda panel: plain(panel).update_traces(line_color="#123456"))
    pictures.illustrate(saved(), old, PANEL)
    assert Draft.drawn == 3
    named = saved()
    monkeypatch.setattr(TranslatorPanel, "figure", lambda panel: plain(panel).add_scatter(x=[1], y=[1], text=["a name"]))
    pictures.illustrate(named, old, PANEL)
    monkeypatch.setattr(TranslatorPanel, "figure", lambda panel: plain(panel).add_scatter(x=[1], y=[1], text=["another"]))
    pictures.illustrate(saved(), named, PANEL)
    assert Draft.drawn == 5                                             # words in a picture count as well
    nbformat.validate(moved)
    assert "image/png" not in without_pictures(written(moved)) and "what is seen" in without_pictures(written(moved))


def test_without_chromium_what_is_there_stays_and_what_is_missing_is_said(monkeypatch):
    monkeypatch.setattr(pictures, "Press", Draft)
    old = saved()
    pictures.illustrate(old, None, PANEL)

    def none():
        raise ImportError("Chromium is missing")
    monkeypatch.setattr(pictures, "Press", none)
    again, moved = saved(), saved(scenario="kappa=200;decay=2;batch=8;d=20")
    assert pictures.illustrate(again, old, PANEL) == [] and "image/png" in again.cells[0].outputs[0].data
    assert pictures.illustrate(moved, old, PANEL) == ["no new picture of the panel 'translator': Chromium is missing"]
    assert "image/png" not in moved.cells[0].outputs[0].data


def test_readmes_picture_is_of_todays_figure():
    readme = (pictures.README.parents[1] / "README.md").read_text(encoding="utf-8")
    for dark in (False, True):
        mark = f"<!-- figure: {pictures.fingerprint(pictures.opening(dark))} -->"
        still, moving = ((pictures.README / name).read_text(encoding="utf-8") for name in pictures.drawings(dark))
        for name, text in zip(pictures.drawings(dark), (still, moving), strict=True):
            assert mark in text, "python -m tools.pictures draws it"
            assert f'"notebooks/figures/{name}"' in readme
            assert len(text.encode()) < 100_000 and "<script" not in text
        assert moving == pictures.moving(still) and "@keyframes" not in still
    sources = re.search("<picture>(.*?)</picture>", readme, re.DOTALL)[1].split("<source")[1:]
    assert ["no-preference" in each for each in sources] == ["moving" in each.partition("<img")[0] for each in sources]
    assert ["dark" in each for each in sources] == ["color-scheme: dark" in each for each in sources]
    assert '<img src="notebooks/figures/start-light.svg"' in sources[-1]


RUN = '<path class="js-line" d="M0,0L3,4L3,5" style="stroke: rgb({});"/><path class="point" d="M1,1" style="fill: rgb({});"/>'


def test_readmes_runs_are_drawn_as_long_as_they_last_and_only_for_readers_who_want_motion():
    still = f'<svg width="9">{"".join(RUN.format(*[color] * 2) for color in ("0, 114, 178", "213, 94, 0"))}</svg>'
    text = pictures.moving(still)
    sheet = re.search("<style>(.*)</style>", text)[1]
    assert sheet.startswith("@media (prefers-reduced-motion:no-preference){") and sheet.count("{") == sheet.count("}")
    for name in ("sgd", "heavy_ball"):                                  # two steps: of length 5, and of length 1
        frames = re.search(f"@keyframes {name}{{(.*?}})}}", sheet)[1]
        frames = [tuple(map(float, pair)) for pair in re.findall(r"([\d.]+)%{stroke-dashoffset:([\d.]+)}", frames)]
        assert frames == [(0, 1), (30, 0.167), (60, 0), (100, 0)]
        assert text.count(f'class="js-line run {name}" pathLength="1"') == text.count(f'class="point end {name}"') == 1
    plain = re.sub(r'<style>.*</style>| run \w+" pathLength="1(?=")| end \w+(?=")', "", text)
    assert plain == still                                               # what a host shows that plays nothing
