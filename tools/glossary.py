"""Keep the notebooks' links to the glossary of NOTATION.md: the first mention of each of its terms, in every notebook.

A link reads ``[critical batch]`` (or ``[critical batches][critical batch]``) in the prose, and at the end of its cell
stands where it leads and what shows when the pointer rests on it:

    [critical batch]: ../NOTATION.md#critical-batch "batch at which compute efficiency has halved"

    python -m tools.glossary --write        put every link where it belongs, in the notebooks' .py sources
    python -m tools.glossary --check        fail if that would change anything
"""

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.build_notebooks import NOTEBOOKS, sources, write

NOTATION = NOTEBOOKS.parent / "NOTATION.md"
ENTRY = re.compile(r"^### (?P<term>[^\n]+)\n\*(?P<short>[^*]+)\*(?: \(also: (?P<also>[^)]+)\))?\n\n(?P<text>.+?)(?=\n###? |\Z)",
                   re.M | re.S)
DEFINITION = re.compile(r'^# \[(?P<term>[^\]]+)\]: \.\./NOTATION\.md#\S+ ".*"\n', re.M)
CELL = re.compile(r"^# %% \[markdown\][^\n]*\n(?:#[^\n]*\n)*", re.M)
# Formulas, code, links, headings, HTML tags and the titles of the three papers stay as they are.
LEAVE = re.compile(r"^# - \*\*P\d\*\*.*(?:\n#   .*)*|"
                   r"\$\$.*?\$\$|\$[^$]*\$|```.*?```|`[^`]*`|!?\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])?|^# #+ .*?$|<[^>]+>",
                   re.M | re.S)
GAP = r"(?:[ ]|\n#[ ]+)"
WIDTH = 128


@dataclass(frozen=True)
class Term:
    """An entry of the glossary: its name, its short form, the words that mean it, and the whole text."""

    name: str
    short: str
    words: tuple
    text: str

    @property
    def anchor(self):
        """What its heading is called in an address."""
        return self.name.replace(" ", "-")

    @property
    def definition(self):
        """The line at the end of a cell."""
        return f'# [{self.name}]: ../NOTATION.md#{self.anchor} "{self.short}"\n'

    @property
    def mention(self):
        """Where a text speaks of it: any of its words, begun with a capital or not, in the plural or not."""
        forms = [r"[ \n#]+".join(map(_form, word.split(" "))) for word in sorted(self.words, key=len, reverse=True)]
        return re.compile(rf"(?<![\w/\[-])(?:{'|'.join(forms)})(?:e?s)?(?![\w\]-])".replace(r"[ \n#]+", GAP))


def _form(word):
    return f"[{word[0].upper()}{word[0].lower()}]{re.escape(word[1:])}"


def glossary(text=None):
    """The terms of NOTATION.md, in order."""
    text = NOTATION.read_text(encoding="utf-8") if text is None else text
    found = []
    for entry in ENTRY.finditer(text.partition("## Glossary")[2]):
        also = [" ".join(word.split()) for word in (entry["also"] or "").split(",")]
        short = " ".join(entry["short"].split())
        found.append(Term(entry["term"], short, (entry["term"], *filter(None, also)), entry["text"].strip()))
    return found


def linked(source, terms):
    """A notebook's source with the first mention of each term linked, and no other."""
    body, mark, rest = _without_links(source, terms).partition("# ## References")
    out, done, waiting = [], 0, list(terms)
    for cell in CELL.finditer(body):
        out.append(body[done:cell.start()])
        done, text, used = cell.end(), cell[0], []
        for term in list(waiting):
            at = _first(term.mention, text)
            if at:
                words = text[at[0]:at[1]]
                short = _folded(words) == term.name and text[at[1]:at[1] + 1] not in tuple("[(:")
                link = f"[{words}]" if short else f"[{words}][{term.name}]"
                text = text[:at[0]] + link + text[at[1]:]
                used.append(term)
                waiting.remove(term)
        out.append(_with_definitions(_wrapped(text) if used else text, used))
    return "".join([*out, body[done:], mark, rest])


def _folded(words):
    """Link text as Markdown compares it, without the comment sign of a source line."""
    return re.sub(GAP, " ", words)


def _first(mention, text):
    """Where the first mention lies that is no part of a formula, code, a link or a heading; None if there is none."""
    left_out = [found.span() for found in LEAVE.finditer(text)]
    for found in mention.finditer(text):
        if not any(start < found.end() and found.start() < end for start, end in left_out):
            return found.span()
    return None


def _wrapped(text):
    """The cell with what stands beyond WIDTH carried over to the next line of its paragraph."""
    lines = text.split("\n")
    for k, line in enumerate(lines):                                    # the list grows while we walk through it
        if len(line) <= WIDTH:
            continue
        before = sum(len(earlier) + 1 for earlier in lines[:k])
        kept = [found.span() for found in LEAVE.finditer("\n".join(lines))]
        at = max((i for i in range(40, WIDTH + 1) if line[i] == " "
                  and not any(start < before + i < end for start, end in kept)), default=len(line))
        lines[k], over = line[:at], line[at + 1:]
        indent = re.match(r"# (?:[-*] |\d+\. | +)?", line)[0]
        indent = "# " + " " * (len(indent) - 2)
        follows = lines[k + 1] if k + 1 < len(lines) else "#"
        if follows.startswith(indent) and not re.match(r"# *(?:[-*#>|$] ?|\d+\. |$)", follows):
            lines[k + 1] = f"{indent}{over} {follows[len(indent):]}"
        else:
            lines.insert(k + 1, indent + over)
    return "\n".join(lines)


def _with_definitions(text, terms):
    if not terms:
        return text
    body = text.rstrip("\n#")                                          # a blank line before the references stays there
    return body + "\n#\n" + "".join(term.definition for term in terms) + text[len(body) + 1:]


def _without_links(source, terms):
    """The source with every link to the glossary taken out."""
    names = {term.name for term in terms} | {found["term"] for found in DEFINITION.finditer(source)}
    source = re.sub(r"(?:^#\n)?(?:" + DEFINITION.pattern.replace("?P<term>", "?:").lstrip("^") + ")+", "", source, flags=re.M)

    def plain(found):
        name = found["name"] or _folded(found["words"])
        return found["words"] if name in names or name[:1].lower() + name[1:] in names else found[0]

    return re.sub(r"\[(?P<words>[^\[\]$`]+)\](?:\[(?P<name>[^\[\]]+)\]|(?![\[(:]))", plain, source)


def main(words=None, folder=NOTEBOOKS):
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="only notebooks that start with this (01)")
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--write", action="store_true", help="put the links where they belong")
    how.add_argument("--check", action="store_true", help="fail if any is missing, stale or superfluous")
    options, terms, changed = parser.parse_args(words), glossary(), []
    for py in sources(options.names, folder):
        old = Path(py).read_text(encoding="utf-8")
        new = linked(old, terms)
        if new != old:
            changed.append(py.name)
            if options.write:
                write(py, new)
    if changed:
        print(", ".join(changed), "written" if options.write else "have other links: python -m tools.glossary --write")
    return int(bool(changed) and options.check)


if __name__ == "__main__":
    sys.exit(main())
