"""Answers a page brings along: what Python says around a panel's opening, so that its controls move it before Python runs.

They are the answers that ``mombook.panels.remote`` gives while a slider is dragged: at the opening and the defaults, at every
preset and step of a guide, and wherever one control that is in view differs from the opening. The front end takes an answer
from here if the scenario is one of these, and asks Python otherwise.
"""

import base64
import hashlib
import json
import zlib

import numpy as np

from mombook.panels import definition
from mombook.panels.remote import Remote, described
from mombook.panels.scenario import Toggles

FOLDER = "answers"

LARGEST = 400_000
"""Bytes of one panel's file."""

AT_MOST = {"advisor": 10, "asgd": 7, "falsify": 31, "far_horizon": 4, "heavy_ball": 31, "parallel": 31, "phase_map": 9,
           "published": 10, "race": 5, "ruler": 3, "schedules": 18, "sgd": 31, "symptoms": 16, "tradeoff": 31}
"""At how many stops of each slider, beside its ends, a panel has answers, where all take long to compute."""

MOST = 64
"""The same for every panel; the tests' site has fewer."""


def scenarios(panel, line, most=MOST):
    """Where a panel that opens at ``line`` has answers to bring along, at ``most`` so many stops of a slider and its ends.

    Returns:
        The controls that move it from the opening, by name, and the scenario lines, the opening first.
    """
    opening, names = panel.read(line), []
    found = [opening, panel.read(), *(panel.preset(opening, changes) for changes in panel.presets.values())]
    for steps in panel.guides.values():
        state = opening
        for _, changes in steps:
            state = panel.preset(state, changes)
            found.append(state)
    for control, plain in zip(panel.controls, described(panel)["controls"], strict=True):
        if control.name in opening and control.name != "seed" and not control.more:
            names.append(control.name)
            values = _values(panel, control, plain, opening, most)
            found += [{**opening, control.name: control.value(value)} for value in values]
    return names, list(dict.fromkeys(map(panel.write, found)))


def _values(panel, control, plain, opening, most):
    """The values of a control in view: stops at equal distances, with both ends, or each option switched."""
    now = opening[control.name]
    if "stops" in plain:
        stops = plain["stops"]
        every = -(-len(stops) // min(AT_MOST.get(panel.name, most), most))
        here = min(range(len(stops)), key=lambda k: abs(float(stops[k]) - now))
        return [stop for k, stop in enumerate(stops) if (k - here) % every == 0 or k in (0, len(stops) - 1)]
    if isinstance(control, Toggles):
        switched = (tuple(o for o in control.options if (o in now) != (o == option)) for option in control.options)
        return [value for value in switched if value]
    return control.stops


def answers(name, line, most=MOST):
    """All answers of a panel that opens at ``line`` (``scenarios``).

    Returns:
        ``{"controls": names, "answers": {line: head}}`` with heads as ``Remote.exact`` writes them, ``ms`` replaced by a
        ``check`` of the numbers, and the numbers, shape (n,), that the heads point into; equal arrays are kept once.
    """
    remote, panel, heads = Remote(), definition(name), {}
    places, parts, end = {}, [], 0
    names, lines = scenarios(panel, line, most)
    for each in lines:
        head, numbers = remote.exact(name, name, each, False)
        head = heads[each] = json.loads(head)
        del head["ms"]
        head["check"] = zlib.crc32(upper(numbers))
        values = (value for trace in head["traces"].values() for value in trace.values())
        for mark in (value for value in values if isinstance(value, dict) and "at" in value):
            part = numbers[slice(*mark["at"])]
            if (key := part.tobytes()) not in places:
                places[key] = [end, end + part.size]
                parts.append(part)
                end += part.size
            mark["at"] = places[key]
    return {"controls": names, "answers": heads}, np.concatenate(parts)


def upper(numbers):
    """The upper half of each number's 64 bits, the nearest: seven digits, and whole numbers to 2**21 exactly.

    >>> [hex(word) for word in upper(np.array([0.1, 8.0]))]
    ['0x3fb9999a', '0x40200000']
    """
    mantissa, exponent = np.frexp(numbers)
    nearest = np.ldexp(np.rint(mantissa * 2.0**21) / 2.0**21, exponent)
    return (nearest.astype("<f8").view("<u8") >> np.uint64(32)).astype("<u4")


def script(name, line, most=MOST):
    """The answers as a script, which a page opened from a file may load too: ``mombook.bring(mark, heads, numbers)``.

    Both are compressed and in base64. Of the numbers' upper halves the differences are kept, modulo 2**32, and of these all
    first bytes come first.

    Raises:
        ValueError: the file would be larger than ``LARGEST``.
    """
    heads, numbers = answers(name, line, most)
    steps = np.diff(upper(numbers), prepend=np.uint32(0)).astype("<u4")
    parts = (json.dumps(heads, ensure_ascii=False, separators=(",", ":")).encode(),
             np.ascontiguousarray(steps.view(np.uint8).reshape(-1, 4).T).tobytes())
    coded = ", ".join(f'"{base64.b64encode(zlib.compress(part, 9)).decode()}"' for part in parts)
    text = f'mombook.bring("{mark(name, line)}", {coded});\n'
    if len(text) > LARGEST:
        raise ValueError(f"the answers of {name} at {line} take {len(text)} bytes, more than {LARGEST}; see AT_MOST")
    return text


def mark(name, line):
    """What the answers of a panel that opens at ``line`` are called, on every page."""
    return f"{name}-{hashlib.sha256(line.encode()).hexdigest()[:8]}"
