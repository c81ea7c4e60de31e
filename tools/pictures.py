"""Small pictures of panels for saved notebooks: what a reader sees where no widget can be drawn (GitHub, a preview).

A picture is drawn by plotly's own script in Chromium. Pixels depend on the machine's fonts, so a picture is drawn anew only
when the figure has changed: its fingerprint is kept beside it. Without Chromium the pictures there are stay.
"""

import base64
import hashlib
import re
import struct
import zlib
from pathlib import Path
from urllib.parse import unquote

import numpy as np

WIDTH = 900
MOST_BYTES = 60_000
COLORS = (128, 48, 16)
"""Colours of a picture; fewer where it would be larger than MOST_BYTES."""


def illustrate(notebook, old, panel_kind):
    """Give each panel output of ``notebook`` its picture, taken from the ``old`` notebook where the figure is the same.

    Returns:
        A sentence for each picture that could not be made.
    """
    kept = {(output.metadata.get("image/png") or {}).get("figure"): output.data["image/png"]
            for output in _outputs(old) if "image/png" in output.get("data", {})}
    missing, press = [], None
    for output in _outputs(notebook):
        if panel_kind not in output.get("data", {}):
            continue
        where = output.data[panel_kind]
        figure = captioned(where, output.data["text/plain"])
        mark = fingerprint(figure)
        if mark in kept:
            picture = kept[mark]
        else:
            try:
                press = press or Press()
                picture = base64.b64encode(press.draw(figure)).decode()
            except ImportError as why:
                missing.append(f"no new picture of the panel {where['panel']!r}: {why}")
                continue
        output.data["image/png"], output.metadata["image/png"] = picture, {"figure": mark}
    if press:
        press.close()
    return missing


README = Path(__file__).resolve().parents[1] / "notebooks" / "figures"
"""Where README's picture is kept: ``start-light.svg``, ``start-dark.svg``, and the same in motion."""


def readme(folder=README):
    """Draw README's picture, light and dark, still and in motion, where the figure has changed; says what it wrote.

    Raises:
        ImportError: there is no Chromium.
    """
    written, press = [], None
    for dark in (False, True):
        figure = opening(dark)
        mark, paths = f"<!-- figure: {fingerprint(figure)} -->", [folder / name for name in drawings(dark)]
        if not all(path.exists() and mark in path.read_text(encoding="utf-8") for path in paths):
            press = press or Press()
            folder.mkdir(exist_ok=True)
            text = re.sub(r"-?\d+\.\d{3,}", lambda m: f"{float(m[0]):.2f}", press.svg(figure))       # hundredths of a pixel
            for path, drawn in zip(paths, (text, moving(text)), strict=True):
                path.write_text(drawn + mark + "\n", encoding="utf-8")
            written += paths
    if press:
        press.close()
    return written


def drawings(dark):
    """The files of README's picture: still, and in motion."""
    return [f"start-{'dark' if dark else 'light'}{end}.svg" for end in ("", "-moving")]


LOOP, DRAWN, FRAMES = 8, 60, 24
"""Of README's picture in motion: seconds of a loop, per cent of it in which the runs are drawn, and keyframes of each run."""


def moving(svg):
    """README's picture with its two runs drawn step by step, again and again.

    Where a host plays no style sheets, or a reader wants no motion, it is the picture as it was.
    """
    from mombook.panels import style

    rules = []
    for name in ("sgd", "heavy_ball"):
        color = "rgb({}, {}, {})".format(*bytes.fromhex(style.METHODS[name].color[1:]))
        line, end = (f'<path class="{kind}" (?=[^>]*: {re.escape(color)};)' for kind in ("js-line", "point"))
        d = re.search(f'{line}d="([^"]*)"', svg)[1]                     # the first of its colour: the run
        svg = re.sub(line, f'<path class="js-line run {name}" pathLength="1" ', svg, count=1)
        svg = re.sub(end, f'<path class="point end {name}" ', svg, count=1)
        points = np.array([pair.split(",") for pair in re.findall(r"[-\d.]+,[-\d.]+", d)], float)
        gone = np.append(0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
        at = np.unique(np.linspace(0, len(gone) - 1, FRAMES).round().astype(int))
        left = "".join(f"{DRAWN * k / at[-1]:.1f}%{{stroke-dashoffset:{1 - gone[k] / gone[-1]:.3f}}}" for k in at)
        rules.append(f"@keyframes {name}{{{left}100%{{stroke-dashoffset:0}}}}.run.{name}{{animation-name:{name}}}")
    rules.append(f"@keyframes end{{0%,{DRAWN - 1}%{{opacity:0}}{DRAWN}%,100%{{opacity:1}}}}.end{{animation-name:end}}"
                 f".run{{stroke-dasharray:1}}.run,.end{{animation-duration:{LOOP}s;animation-timing-function:linear;"
                 "animation-iteration-count:infinite}")
    first = svg.index(">") + 1
    return f"{svg[:first]}<style>@media (prefers-reduced-motion:no-preference){{{''.join(rules)}}}</style>{svg[first:]}"


def opening(dark):
    """The book's first figure as README shows it."""
    from mombook.panels import definition, style

    panel = definition("start")
    figure = style.dress(panel.static(), panel.figure(), dark)
    return figure.update_layout(width=WIDTH)


def captioned(where, sentence):
    """The static figure of a panel at a scenario, its sentence under it."""
    from mombook.panels import definition, export

    panel = definition(where["panel"])
    figure = panel.static(panel.read(where["scenario"]))
    return export.captioned(figure, sentence, WIDTH)


def fingerprint(figure):
    """A mark of what is drawn, the same on every machine: layout, how traces look, and data to three figures."""
    from mombook.panels import export

    _, rows = export.table(export.arrays(figure))
    looks = [_look(trace.to_plotly_json()) for trace in figure.data]
    text = f"{figure.layout.to_plotly_json()}{looks}" + "".join(f"{name} {x:.3g} {y:.3g};" for name, x, y, *_ in rows)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _look(attributes):
    """The attributes of a trace that are no data: colours, dashes, widths, words, scales of colours."""
    looks = {key: _look(value) if isinstance(value, dict) else value for key, value in sorted(attributes.items())}
    looks |= {"text": [str(word) for word in attributes["text"]]} if "text" in attributes else {}
    return {key: value for key, value in looks.items()
            if isinstance(value, dict | str | int | float) or key in ("colorscale", "text")}


class Press:
    """Chromium with plotly's script loaded.

    Raises:
        ImportError: playwright or Chromium is not there.
    """

    def __init__(self):
        from tests.browser.lab import CHROMIUM_FLAGS, chromium_path, missing

        if why := missing():
            raise ImportError(why)
        import plotly
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        self._page = self._browser.new_page()
        self._page.add_script_tag(path=Path(plotly.__file__).parent / "package_data" / "plotly.min.js")

    def draw(self, figure):
        """The bytes of a PNG of a plotly figure."""
        url = self._page.evaluate("async (json) => Plotly.toImage(JSON.parse(json), "
                                  "{format: 'png', width: null, height: null, scale: 1})", figure.to_json())
        drawn = base64.b64decode(url.partition(",")[2])
        return next((small for most in COLORS[:-1] if len(small := fewer_colors(drawn, most)) < MOST_BYTES),
                    fewer_colors(drawn, COLORS[-1]))

    def svg(self, figure):
        """The text of an SVG of a plotly figure."""
        url = self._page.evaluate("async (json) => Plotly.toImage(JSON.parse(json), "
                                  "{format: 'svg', width: null, height: null})", figure.to_json())
        return unquote(url.partition(",")[2])

    def close(self):
        """Let the browser go."""
        self._browser.close()
        self._playwright.stop()


def fewer_colors(png, most):
    """A PNG with its ``most`` commonest colours, every other pixel taking the nearest of them: a third of the bytes."""
    pixels = read(png)[..., :3]
    colors, index, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    palette = colors[np.argsort(-counts, kind="stable")[:most]].astype(int)
    nearest = np.array([np.argmin(np.abs(palette - c).sum(1)) for c in colors.astype(int)], np.uint8)
    rows = nearest[index.ravel()].reshape(pixels.shape[:2])
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows), 9)
    height, width = rows.shape
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)), (b"PLTE", palette.astype(np.uint8).tobytes()),
             (b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts)


def read(png):
    """The pixels of an 8-bit RGB or RGBA PNG, shape (height, width, channels)."""
    at, packed = 8, b""
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at:at + 8])
        if kind == b"IHDR":
            width, height, _, color = struct.unpack(">IIBB", png[at + 8:at + 18])
        packed += png[at + 8:at + 8 + size] if kind == b"IDAT" else b""
        at += 12 + size
    n = {2: 3, 6: 4}[color]
    raw = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + n * width)
    out = np.zeros((height + 1, n * width + n), np.uint8)               # a row above and a pixel to the left of all, black
    for y, (how, row) in enumerate(zip(raw[:, 0], raw[:, 1:], strict=True), 1):
        above, now = out[y - 1], out[y]
        if how in (0, 2):
            now[n:] = row + above[n:] * (how == 2)
        elif how == 1:
            now[n:] = np.cumsum(row.reshape(-1, n), axis=0, dtype=np.uint8).ravel()
        else:
            for x in range(n, n * width + n):
                a, b, c = int(now[x - n]), int(above[x]), int(above[x - n])
                guess = (a + b) // 2 if how == 3 else min((a, b, c), key=lambda v, p=a + b - c: abs(p - v))
                now[x] = (int(row[x - n]) + guess) & 255
    return out[1:, n:].reshape(height, width, n)


def _outputs(notebook):
    return [] if notebook is None else [o for cell in notebook.cells for o in cell.get("outputs", [])]


if __name__ == "__main__":
    for each in readme():
        print(f"wrote {each.name} ({each.stat().st_size:,} bytes)")
