"""What the pages stand on besides our own files: KaTeX and plotly.js, from npm, one version each, every byte checked."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from .places import CACHE, NPM_PACK, Missing, alone, complaint, program

PACKAGES = {
    "katex": ("0.19.1", "sha512-jG8uKntjSEcm2EpQOh0XturpPuuC9r3Sq5HLHdsFdWZT27E672SF19QEi+of0/YeOy15lDgRhKvr5614uRrEfA=="),
    "plotly.js-cartesian-dist-min": (
        "4.1.1", "sha512-o8GrFeusncwBIxbBynRJpY4pkgVB6caM+JLpwrLYbbsO7dZ8FJ+SVN2Fr+L7kiG/Z6w4P5O0Jus/Qr5EefHVeg=="),
}
"""npm package -> version, and the integrity npm states for it. plotly.js is the version plotly's Python package brings
(a test compares them), without the maps and surfaces no panel draws: a third of the size."""

PLOTLY = "plotly-cartesian.min.js"


def package(name, cache=CACHE):
    """The folder of an unpacked npm package of ``PACKAGES``, fetched once.

    Raises:
        Missing: npm cannot be reached, or what it sends is not what was pinned.
    """
    version, integrity = PACKAGES[name]
    folder = Path(cache) / "npm" / f"{name}-{version}"
    with alone(folder.parent), tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        if folder.exists():
            return folder
        run = subprocess.run([program("npm"), *NPM_PACK, f"{name}@{version}", "--pack-destination", scratch],
                             capture_output=True, text=True)
        archives = list(Path(scratch).glob("*.tgz"))
        if run.returncode or not archives:
            raise Missing(f"npm does not send {name} {version}: {complaint(run.stderr, run.returncode)}")
        got = "sha512-" + base64.b64encode(hashlib.sha512(archives[0].read_bytes()).digest()).decode()
        if got != integrity:
            raise Missing(f"npm sends another {name} {version} than was pinned: {got}")
        with tarfile.open(archives[0]) as archive:
            archive.extractall(Path(scratch, "unpacked"), filter="data")
        Path(scratch, "unpacked", "package").rename(folder)
    return folder


def install(folder, cache=CACHE):
    """Put plotly.js and KaTeX's style, fonts and licences into ``folder``."""
    folder = Path(folder)
    (folder / "fonts").mkdir(parents=True, exist_ok=True)
    plotly, katex = package("plotly.js-cartesian-dist-min", cache), package("katex", cache)
    shutil.copy(plotly / PLOTLY, folder / "plotly.min.js")
    shutil.copy(plotly / "LICENSE", folder / "plotly.LICENSE")
    shutil.copy(katex / "LICENSE", folder / "katex.LICENSE")
    shutil.copy(katex / "dist" / "katex.min.css", folder / "katex.min.css")
    for font in (katex / "dist" / "fonts").glob("*.woff2"):         # the first source its style names, and the only one needed
        shutil.copy(font, folder / "fonts")
