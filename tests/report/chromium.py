"""A headless Chromium, driven over its debugging pipe: one JSON message per NUL byte, nothing but the standard
library."""

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None
)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --disable-extensions --remote-debugging-pipe"
)
PATIENCE = 90.0  # seconds for one answer


class Chromium:
    """One page. ``events`` holds what the browser said unasked, since the last ``open``."""

    def __init__(self, writing: int, reading: int) -> None:
        self.writing, self.reading, self.count, self.buffer = writing, reading, 0, b""
        self.events: list[dict] = []
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: object) -> dict:
        """Send a command, wait for its answer."""
        self.count += 1
        message = {
            "id": self.count,
            "method": method,
            "params": params,
            **({"sessionId": self.session} if self.session else {}),
        }
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        answer = self._wait(lambda found: found.get("id") == self.count)
        assert "error" not in answer, f"{method}: {answer.get('error')}"
        return answer["result"]

    def _wait(self, wanted) -> dict:
        deadline = time.monotonic() + PATIENCE
        while True:
            while b"\0" not in self.buffer:
                ready, _, _ = select.select([self.reading], [], [], max(0.0, deadline - time.monotonic()))
                data = os.read(self.reading, 1 << 20) if ready else b""
                assert data, "Chromium ended" if ready else f"Chromium gave no answer in {PATIENCE:.0f} s"
                self.buffer += data
            line, _, self.buffer = self.buffer.partition(b"\0")
            message = json.loads(line)
            if "method" in message:
                self.events.append(message)
            if wanted(message):
                return message

    def open(self, file: Path, width: int, height: int = 800, media: str = "") -> None:
        """Load a file in a window of this size, as on ``media`` (``print``, or the screen)."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", media=media)
        self.events.clear()
        self.call("Page.navigate", url=file.as_uri())
        if not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._wait(lambda found: found.get("method") == "Page.loadEventFired")

    def evaluate(self, script: str) -> object:
        """Value of a JavaScript expression."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release a key as a keyboard does."""
        known = {
            "Enter": {"text": "\r", "code": "Enter", "windowsVirtualKeyCode": 13},
            "Tab": {"code": "Tab", "windowsVirtualKeyCode": 9},
        }
        known["Space"] = {"text": " ", "code": "Space", "windowsVirtualKeyCode": 32}
        named = {"key": " " if key == "Space" else key, **known[key]}
        self.call("Input.dispatchKeyEvent", type="keyDown", **named)
        self.call(
            "Input.dispatchKeyEvent", type="keyUp", **{name: value for name, value in named.items() if name != "text"}
        )

    def click(self, element: str) -> None:
        """Click the middle of an element, given by a JavaScript expression, as a mouse does."""
        script = (
            "(e => { e.scrollIntoView({block: 'center'}); "
            "const r = e.getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; })"
        )
        x, y, width, height = self.evaluate(f"{script}({element})")
        for kind in ("mousePressed", "mouseReleased"):
            place = {"x": x + min(width, 40) / 2, "y": y + height / 2}
            self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    def complaints(self) -> list[str]:
        """Errors and warnings on the console, uncaught exceptions, and requests to anything but files and inlined
        data."""
        found = []
        for event in self.events:
            params = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                found.append(
                    params["exceptionDetails"]
                    .get("exception", {})
                    .get("description", params["exceptionDetails"]["text"])
                )
            if event["method"] == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
                found.append(f"console.{params['type']}")
            if event["method"] == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                found.append(params["entry"]["text"])
            if event["method"] == "Network.requestWillBeSent" and not params["request"]["url"].startswith(
                ("file:", "data:")
            ):
                found.append(f"request: {params['request']['url']}")
        return found


@contextmanager
def started(folder: Path) -> Iterator[Chromium]:
    """A browser with its profile in ``folder``; ended afterwards."""
    (to_read, to_write), (from_read, from_write) = os.pipe(), os.pipe()
    command = [PROGRAM, *FLAGS.split(), f"--user-data-dir={folder}"]
    redirected = ["bash", "-c", f'exec "$@" 3<&{to_read} 4>&{from_write}', "chromium", *command]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(redirected, pass_fds=(to_read, from_write), **quiet)
    os.close(to_read)
    os.close(from_write)
    try:
        yield Chromium(to_write, from_read)
    finally:
        process.kill()
        process.wait()
        os.close(to_write)
        os.close(from_read)
