"""Plant small faults in the source, one at a time, and see which of them the tests notice.

    python -m tools.plant_faults --paths mombook/panels mombook/front web --count 60 --seed 0
    python -m tools.plant_faults --paths mombook/exact/moments.py --count 20 --list       which faults these are
    python -m tools.plant_faults --paths mombook/exact/moments.py --count 20 --only 7     one of them, with all its output

The sample is drawn from all faults the operators find: first the kind of fault, then one of that kind, so that no kind
crowds out the others. Each is planted in a *copy* of the tree. Only tests that can see it are run: those that call the function
it is in (watched once, see ``faults/watch.py``), the quickest first, up to the first failure. A survivor is a test
that is missing, or a fault that changes nothing: such are kept with the reason in ``faults/equivalent.json``.

Why not a library: mutmut, cosmic-ray and mutatest mutate Python only (half of what may go wrong on a page is JavaScript);
they know arithmetic and comparisons but not what goes wrong in a figure (a neighbour's array, two labels swapped, a seed
ignored); they enumerate instead of drawing a sample that another run with the same seed repeats; and they run one fixed test
command for each mutant, which here takes minutes.
"""

import argparse
import collections
import json
import os
import queue
import random
import sys
import tempfile
import threading
from pathlib import Path

from .faults import python, trial, watch, web

ROOT = watch.ROOT
EQUIVALENT = ROOT / "tools" / "faults" / "equivalent.json"
EQUAL = "equivalent"
SUFFIXES = (".py", ".js", ".mjs", ".css")


def sources(paths, root=ROOT):
    """The source files under some paths, sorted.

    Raises:
        ValueError: a path has no Python, JavaScript or CSS file.
    """
    found = []
    for path in paths:
        whole = root / path
        files = [whole] if whole.is_file() else sorted(f for f in whole.rglob("*") if f.suffix in SUFFIXES)
        if not files:
            raise ValueError(f"--paths must name files or folders with Python, JavaScript or CSS; there is none at {path}.")
        found += files
    return [f.relative_to(root).as_posix() for f in dict.fromkeys(found)]


def every_fault(files, root=ROOT):
    """All faults the operators find in some files."""
    panels = root / "mombook" / "panels"
    defaults = {}
    for file in sorted(panels.rglob("*.py")) if panels.exists() else ():
        defaults |= python.control_defaults(file.read_text(encoding="utf-8"))
    for name in files:
        text = (root / name).read_text(encoding="utf-8")
        yield from python.faults(name, text, defaults) if name.endswith(".py") else web.faults(name, text)


def sample(faults, count, seed, root=ROOT):
    """``count`` faults (all, if there are fewer), the kind drawn first, then the fault."""
    rng, kinds = random.Random(seed), collections.defaultdict(list)
    for fault in faults:
        kinds[fault.operator].append(fault)
    drawn = []
    while kinds and len(drawn) < count:
        kind = rng.choice(sorted(kinds))
        fault = kinds[kind].pop(rng.randrange(len(kinds[kind])))
        if not fault.path.endswith(".py") or python.alters(fault, (root / fault.path).read_text(encoding="utf-8")):
            drawn.append(fault)
        if not kinds[kind]:
            del kinds[kind]
    return drawn


def known_equivalent():
    """(path, lines before, lines after) of faults judged to change nothing -> the reason."""
    told = json.loads(EQUIVALENT.read_text(encoding="utf-8")) if EQUIVALENT.exists() else []
    return {(each["path"], each["before"], each["after"]): each["reason"] for each in told}


def described(number, fault, text):
    """A fault in one line."""
    line = text.count("\n", 0, fault.edits[0][0]) + 1
    return f"{number:3d}  {fault.path}:{line}  {fault.operator}"


def judge(number, fault, copy, known, options):
    """Try one fault; what is to be reported, as plain data."""
    text = (ROOT / fault.path).read_text(encoding="utf-8")
    before, after = fault.lines(text)
    reason = known_equivalent().get((fault.path, before, after), "")
    if options.tests or (options.by_name and fault.path.endswith(".py")):
        rounds, total = [options.tests] if options.tests else watch.named(fault, options.among), options.budget
        rounds = rounds[:1] if options.first else rounds
    else:
        chosen, total = watch.choose(fault, known, options.budget)
        rounds = [chosen] if chosen else []
    verdict, noticed = (EQUAL, reason) if reason else copy.try_fault(fault, rounds, options.patience * (15 + total))
    return {"number": number, "fault": described(number, fault, text), "verdict": verdict, "noticed": noticed,
            "path": fault.path, "before": before, "after": after, "tests": sum(map(len, rounds)), "diff": fault.diff(text)}


def run(drawn, options, say=print):
    """Try faults in as many copies as there are jobs; the reports, in order of the faults' numbers."""
    reports, waiting = [], queue.Queue()
    for item in drawn:
        waiting.put(item)
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        first = trial.Copy(Path(folder, "0"))
        needed = not options.tests and not options.by_name and any(fault.path.endswith(".py") for _, fault in drawn)
        known = watch.watched(first.pytest, watch.test_files(options.among), say=say) if needed else {}

        def work(k):
            copy = first if k == 0 else trial.Copy(Path(folder, str(k)))
            while True:
                try:
                    number, fault = waiting.get_nowait()
                except queue.Empty:
                    copy.close()
                    return
                reports.append(told := judge(number, fault, copy, known, options))
                if options.report:                                      # so that what is known outlives an interruption
                    write(options.report, reports)
                say(f"{told['fault']:100s} {told['verdict']}  {told['noticed']}")

        workers = [threading.Thread(target=work, args=(k,)) for k in range(options.jobs)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    return sorted(reports, key=lambda told: told["number"])


def write(file, reports):
    """The reports as JSON."""
    ordered = sorted(reports, key=lambda told: told["number"])
    Path(file).write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def summary(reports):
    """The count of each verdict, and each survivor with its diff."""
    counts = collections.Counter(told["verdict"] for told in reports)
    noticed = counts[trial.CAUGHT] + counts[trial.TIMEOUT]
    living = [told for told in reports if told["verdict"] in (trial.SURVIVED, trial.UNSEEN)]
    total = noticed + len(living)
    lines = [f"\n{told['fault']} ({told['verdict']}, {told['tests']} tests)\n{told['diff']}" for told in living]
    share = f"{100 * noticed / total:.0f} % of the {total} that change something" if total else "nothing to notice"
    told = ", ".join(f"{n} {verdict}" for verdict, n in sorted(counts.items()))
    return "\n".join([*lines, "", f"{told}; noticed: {share}."])


def parsed(arguments):
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m tools.plant_faults", description=__doc__.splitlines()[0])
    parser.add_argument("--paths", nargs="+", required=True, help="files or folders in which to plant")
    parser.add_argument("--count", type=int, default=60, help="how many faults to draw (default 60)")
    parser.add_argument("--seed", type=int, default=0, help="which sample (default 0)")
    parser.add_argument("--list", action="store_true", help="say which faults these are; run nothing")
    parser.add_argument("--only", type=int, nargs="+", metavar="N", help="only these numbers of the list")
    parser.add_argument("--report", metavar="FILE", help="also write everything to this file, as JSON")
    parser.add_argument("--tests", nargs="+", metavar="TEST", help="run these tests instead of choosing by what calls what")
    parser.add_argument("--among", nargs="+", metavar="START", default=[""],
                        help="choose among test files whose names begin so (default all; watching all takes as long as all)")
    parser.add_argument("--by-name", action="store_true",
                        help="choose by the module's name instead of by what calls what: nothing need be watched")
    parser.add_argument("--first", action="store_true",
                        help="with --by-name: stop after the first tests, such as the module's own file (quick and strict)")
    parser.add_argument("--jobs", type=int, default=1, help="how many copies to work in at once (default 1)")
    parser.add_argument("--budget", type=float, default=60, help="seconds of tests for one fault (default 60)")
    parser.add_argument("--patience", type=float, default=4, help="time limit as a multiple of what the tests took (default 4)")
    return parser.parse_args(arguments)


def main(arguments=None):
    """Run the command; its exit code is 1 if a fault survived."""
    options = parsed(arguments)
    try:
        files = sources(options.paths)
    except ValueError as no:
        sys.exit(str(no))
    drawn = list(enumerate(sample(list(every_fault(files)), options.count, options.seed)))
    drawn = [(k, fault) for k, fault in drawn if not options.only or k in options.only]
    if options.list:
        for k, fault in drawn:
            print(described(k, fault, text := (ROOT / fault.path).read_text(encoding="utf-8")), fault.diff(text), sep="\n")
        return 0
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    reports = run(drawn, options, say=lambda text: print(text, flush=True))
    print(summary(reports))
    return int(any(told["verdict"] in (trial.SURVIVED, trial.UNSEEN) for told in reports))


if __name__ == "__main__":
    sys.exit(main())
