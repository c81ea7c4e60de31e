"""Firefox, driven by the WebDriver BiDi protocol that it speaks itself: no driver, and nothing to download.

Playwright drives only a Firefox of its own build. Method and event names are those of https://www.w3.org/TR/webdriver-bidi/.
"""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np

KEYS = {"ArrowRight": "\ue014", "ArrowLeft": "\ue012", "Enter": "\ue007", "Shift": "\ue008"}


def firefox_path():
    """The program, or ``None``: what ``MOMBOOK_FIREFOX`` names, else Debian's firefox-esr, else firefox."""
    named = os.environ.get("MOMBOOK_FIREFOX")
    return named or shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    """One headless Firefox with one tab; use it as a context manager. Its console's ``errors`` and ``warnings`` are kept."""

    def __init__(self, scratch, width=1400, height=1000):
        self.errors, self.warnings, self._size, self._count, self._socket = [], [], {"width": width, "height": height}, 0, None
        self._scratch = Path(scratch)

    def __enter__(self):
        import websocket

        profile = self._scratch / "profile"
        profile.mkdir()
        command = [firefox_path(), "--headless", "--no-remote", "--remote-debugging-port=0", "--profile", str(profile)]
        log = self._scratch / "firefox.log"
        with log.open("w") as file:
            self._process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT,
                                             env=os.environ | {"HOME": str(profile)})
        try:
            deadline = time.monotonic() + 90
            while not (found := re.search(r"WebDriver BiDi listening on (ws://\S+)", log.read_text())):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"Firefox did not start:\n{log.read_text()[-2000:]}")
                time.sleep(0.1)
            self._socket = websocket.create_connection(f"{found[1]}/session", timeout=120, suppress_origin=True)
            self.call("session.new", capabilities={})
            self.call("session.subscribe", events=["log.entryAdded"])
            self._tab = {"context": self.call("browsingContext.getTree")["contexts"][0]["context"]}
            self.call("browsingContext.setViewport", **self._tab, viewport=self._size)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._socket:
            self._socket.close()
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def call(self, method, **params):
        """A command's result. Events that come before it are noted.

        Raises:
            RuntimeError: the browser answers with an error.
        """
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": params}))
        while True:
            told = json.loads(self._socket.recv())
            if told.get("method") == "log.entryAdded" and (level := told["params"]["level"]) in ("error", "warn"):
                (self.errors if level == "error" else self.warnings).append(told["params"]["text"])
            if told.get("id") == self._count:
                if told["type"] == "error":
                    raise RuntimeError(f"{method}: {told['error']}: {told['message']}")
                return told["result"]

    def open(self, url):
        """Load a page, with all that it names."""
        self.call("browsingContext.navigate", **self._tab, url=url, wait="complete")

    def evaluate(self, function, *arguments):
        """What a JavaScript function answers, as plain data; a promise is awaited."""
        source = f"async (...given) => JSON.stringify(await ({function})(...given.map(JSON.parse)) ?? null)"
        told = self.call("script.callFunction", functionDeclaration=source, target=self._tab, awaitPromise=True,
                         arguments=[{"type": "string", "value": json.dumps(each)} for each in arguments])
        if told["type"] == "exception":
            raise RuntimeError(told["exceptionDetails"]["text"])
        return json.loads(told["result"]["value"])

    def wait_for(self, function, *arguments, seconds=90):
        """Until a JavaScript function answers something true, which is returned.

        Raises:
            TimeoutError: it did not in time.
        """
        deadline = time.monotonic() + seconds
        while not (answer := self.evaluate(function, *arguments)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds} s: {function}")
            time.sleep(0.05)
        return answer

    def press(self, *keys):
        """Press keys together (the last one while the others are down), by name or as a character."""
        keys = [KEYS.get(key, key) for key in keys]
        downs = [{"type": "keyDown", "value": key} for key in keys]
        ups = [{"type": "keyUp", "value": key} for key in reversed(keys)]
        self.call("input.performActions", **self._tab, actions=[{"type": "key", "id": "keyboard", "actions": downs + ups}])


# The first panel of a page and of a notebook, when it rests, and what it shows.
FIRST = "(window.mombook?.panels?.[0] ?? document.querySelector('.mombook-panel')?.mombook)"
DRAWN = f"() => !!{FIRST}?.figure.plotted && !!{FIRST}.place.querySelector('.scatterlayer')"
_FOCUS = f"() => {{ {FIRST}.place.querySelector('.slider input[type=range]').focus(); return true; }}"
_RESTS = f"() => {{ const it = {FIRST}; return !it.wanted && !it.unsettled && !(it.engine.job?.urgency < 3); }}"
_SHOWN = f"""() => {{ const it = {FIRST}; return [it.place.querySelector('.line input').value,
  it.part('sentence').textContent.trim(), it.figure.plotted]; }}"""


def moved_by_a_key(firefox, panel):
    """Press an arrow key on the first panel's first slider and hold what is drawn against Python's answer; the scenario line,
    which must be another than before."""
    before = firefox.evaluate(_SHOWN)[0]
    firefox.evaluate(_FOCUS)
    firefox.press("ArrowRight")
    firefox.wait_for(f"(before) => ({_SHOWN})()[0] !== before", before)
    firefox.wait_for(_RESTS)
    line, sentence, drawn = firefox.evaluate(_SHOWN)
    view, compared = panel.exact(panel.read(line)), 0
    assert sentence == view.sentence
    for name, arrays in view.traces.items():
        for axis in {"x", "y"} & set(arrays) if arrays.get("visible", True) else ():
            np.testing.assert_allclose(np.array(drawn[name][axis], float), np.asarray(arrays[axis], float), rtol=1e-9,
                                       atol=1e-300, err_msg=f"{name}.{axis}")
            compared += np.size(arrays[axis])
    assert compared > 50
    return line
