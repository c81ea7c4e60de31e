"""Equations as HTML, made by KaTeX when the site is built: a reader needs no JavaScript to see them."""

import json
import subprocess

from .places import program
from .vendor import package

_PROGRAM = """
const katex = require(process.argv[1]);
const answer = JSON.parse(require("fs").readFileSync(0, "utf8")).map(([tex, displayMode]) => {
  try { return [katex.renderToString(tex, {displayMode, strict: "error", trust: false}), null]; }
  catch (error) { return [null, String(error.message)]; }
});
process.stdout.write(JSON.stringify(answer));
"""


def rendered(formulas):
    """HTML (with MathML for screen readers) of each ``(tex, is displayed)``.

    Raises:
        ValueError: a formula KaTeX does not understand, with its message.
    """
    formulas = list(formulas)
    run = subprocess.run([program("node"), "-e", _PROGRAM, str(package("katex") / "dist" / "katex.js")],
                         input=json.dumps(formulas), capture_output=True, text=True, check=True)
    answers = json.loads(run.stdout)
    for (tex, _), (_, why) in zip(formulas, answers, strict=True):
        if why:
            raise ValueError(f"KaTeX cannot set {tex.strip()!r}: {why}")
    return {formula: html for formula, (html, _) in zip(formulas, answers, strict=True)}
