"""A browser without a window, driven over the WebDriver protocol (W3C) that its driver speaks.

Debian's chromium and chromium-driver, installed by `make test-system`; no library stands between.
"""

import base64
import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_PATIENCE_SECONDS: Final = 60
_OPTIONS: Final = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
"""No sandbox, since the tests run as root; they open only pages of ours."""


class Browser:
    """One window."""

    def __init__(self, port: int) -> None:
        """Open it through the driver at the port."""
        self._base = f"http://127.0.0.1:{port}/session"
        options = {"args": [*_OPTIONS]}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        opened = self._ask("POST", "", {"capabilities": {"alwaysMatch": wanted}})
        self._base += f"/{opened['sessionId']}"

    def close(self) -> None:
        """Close it."""
        self._ask("DELETE", "")

    def open(self, page: Path, anchor: str = "") -> None:
        """Load a page from the disk."""
        self._ask("POST", "/url", {"url": page.as_uri() + anchor})

    def visit(self, address: str) -> None:
        """Load a page from a server."""
        self._ask("POST", "/url", {"url": address})

    def run(self, script: str) -> Any:  # noqa: ANN401 - whatever the script returns
        """Run a script in the page and give what it returns."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": []})

    def type(self, selector: str, text: str) -> None:
        """Click what a CSS selector finds first, and type."""
        element = self._find(selector)
        self._ask("POST", f"/element/{element}/clear", {})
        self._ask("POST", f"/element/{element}/value", {"text": text})

    def click(self, selector: str) -> None:
        """Click what a CSS selector finds first."""
        self._ask("POST", f"/element/{self._find(selector)}/click", {})

    def wait_until(self, condition: str) -> None:
        """Wait until an expression is true in the page."""
        script = f"""
            const done = arguments[arguments.length - 1];
            const look = () => ({condition}) ? done(true) : setTimeout(look, 10);
            look();
        """
        self._ask("POST", "/execute/async", {"script": script, "args": []})

    def show_as(self, width: int, height: int, scheme: str) -> None:
        """Be a screen of that size, whose owner prefers `light` or `dark`."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._command("Emulation.setDeviceMetricsOverride", size)
        self._command("Emulation.setEmulatedMedia", {"features": features})

    def photograph(self, path: Path) -> None:
        """Save what the window shows as PNG."""
        path.write_bytes(base64.b64decode(self._ask("GET", "/screenshot")))

    def complaints(self) -> list[str]:
        """Give what was written to the console since the last time, refusals of the policy too."""
        return [each["message"] for each in self._ask("POST", "/se/log", {"type": "browser"})]

    def _command(self, name: str, parameters: Mapping[str, Any]) -> None:
        self._ask("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def _find(self, selector: str) -> str:
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        return str(next(iter(found.values())))

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - a port of this machine
            self._base + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310
            return json.load(answer)["value"]


@contextmanager
def browser() -> Iterator[Browser]:
    """Start the driver and give a window; both end with the block."""
    driver = subprocess.Popen(
        ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert driver.stdout
    try:
        port = next(
            int(match[1])
            for line in driver.stdout
            if (match := re.search(r"started successfully on port (\d+)", line))
        )
        window = Browser(port)
        try:
            yield window
        finally:
            window.close()
    finally:
        driver.terminate()
        driver.wait(_PATIENCE_SECONDS)
        driver.stdout.close()
