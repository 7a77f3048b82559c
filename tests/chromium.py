"""A headless Chromium that tests drive by the DevTools protocol through pipes."""

import base64
import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager, suppress

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # no network, whatever the page may ask for
    "--use-angle=swiftshader",  # WebGL 2 without a graphics card
    "--enable-unsafe-swiftshader",
    "--remote-debugging-pipe",
]
TIMEOUT_S = 60  # seconds


def find_chromium():
    """Return the path of a Chromium or Chrome, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One page: messages to the browser end in a zero byte, and so do its answers."""

    def __init__(self, write, read):
        self.write, self.read, self.asked, self.session = write, read, 0, {}
        self.errors = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self.session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **params):
        """Return the browser's answer to one command; remember the errors that it tells of."""
        self.asked += 1
        message = {"id": self.asked, "method": method, "params": params, **self.session}
        self.write.write(json.dumps(message).encode() + b"\0")
        self.write.flush()
        while True:
            answer = json.loads(self._message())
            self._remember(answer)
            if answer.get("id") == self.asked:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _message(self):
        message = bytearray()
        while not message.endswith(b"\0"):
            byte = self.read.read(1)
            assert byte, "Chromium has ended"
            message += byte
        return message[:-1]

    def _remember(self, answer):
        params = answer.get("params", {})
        if answer.get("method") == "Runtime.exceptionThrown":
            self.errors.append(params["exceptionDetails"].get("exception", {}).get("description"))
        if answer.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(params["entry"]["text"])

    def value(self, expression):
        """Return the value of a JavaScript expression, awaited where it is a promise."""
        options = {"returnByValue": True, "awaitPromise": True}
        result = self.ask("Runtime.evaluate", expression=expression, **options)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait_for(self, expression):
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + TIMEOUT_S
        while not self.value(f"Boolean({expression})"):
            assert time.monotonic() < end, f"waited {TIMEOUT_S} s for {expression}; {self.errors}"
            time.sleep(0.1)

    def open(self, path, width=1280, height=900):
        """Show the file at `path` in a window of that size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        self.ask("Page.navigate", url=path.resolve().as_uri())
        self.wait_for(
            f"location.pathname.endsWith({path.name!r}) && document.readyState === 'complete'"
        )

    def click(self, selector, at=(0.5, 0.5)):
        """Press the mouse on an element, at a share of its width and height."""
        box = self.value(
            f"(e => {{e.scrollIntoView({{block: 'nearest'}}); const b = e.getBoundingClientRect();"
            f"return [b.x, b.y, b.width, b.height]}})(document.querySelector({selector!r}))"
        )
        x, y = (box[i] + at[i] * box[i + 2] for i in (0, 1))
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key, times=1):
        """Press a key, such as ArrowRight, in what has the focus."""
        for _ in range(times):
            self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, code=key,
                     windowsVirtualKeyCode={"ArrowLeft": 37, "ArrowRight": 39}[key])  # fmt: skip
            self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, code=key)

    def screenshot(self, whole=False):
        """Return the PNG of what is seen, or of the whole page."""
        shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(shot["data"])


@contextmanager
def browser(profile):
    """Yield a `Page` of a new browser, with its profile in the folder `profile`."""
    to_browser, from_us = os.pipe()  # Chromium reads descriptor 3 and writes descriptor 4
    to_us, from_browser = os.pipe()
    command = ["bash", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "bash",
               find_chromium(), *OPTIONS, f"--user-data-dir={profile}"]  # fmt: skip
    process = subprocess.Popen(
        command, pass_fds=(to_browser, from_browser), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(to_browser)
    os.close(from_browser)
    with open(from_us, "wb") as write, open(to_us, "rb") as read:
        try:
            page = Page(write, read)
            yield page
            with suppress(AssertionError):
                page.session = {}
                page.ask("Browser.close")
        finally:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
