"""A headless Chromium, told what to do through its DevTools protocol."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

from websockets.sync.client import ClientConnection, connect

TIMEOUT: Final = 60.0  # seconds
PROGRAM: Final = shutil.which("chromium")


class Tab:
    """The one page that the browser shows."""

    def __init__(self, devtools: ClientConnection) -> None:
        self._devtools = devtools
        self._number = 0

    def open(self, url: str) -> None:
        """Load a page, anew if only the part after # is another one."""
        self._do("Page.navigate", url="about:blank")
        self._do("Page.navigate", url=url)

    def text(self, element: str) -> str:
        """What an element shows; empty if it is not there."""
        script = f"document.getElementById({json.dumps(element)})?.innerText ?? ''"
        return str(self._do("Runtime.evaluate", expression=script)["result"]["value"])

    def wait_for(self, element: str, text: str) -> None:
        """Wait until an element shows a text."""
        deadline = time.monotonic() + TIMEOUT
        while (shown := self.text(element)) != text:
            assert time.monotonic() < deadline, shown
            time.sleep(0.1)

    def take_picture(self, path: Path) -> None:
        """Write what the page looks like."""
        path.write_bytes(base64.b64decode(self._do("Page.captureScreenshot")["data"]))

    def _do(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        self._devtools.send(json.dumps(command))
        while True:  # events come in between
            answer = json.loads(self._devtools.recv(TIMEOUT))
            if answer.get("id") == self._number:
                assert "result" in answer, answer
                return answer["result"]


@contextmanager
def browsing(directory: Path) -> Iterator[Tab]:
    """A browser with a profile of its own, and its tab."""
    assert PROGRAM is not None
    log = directory / "browser.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                PROGRAM,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--remote-debugging-port=0",
                f"--user-data-dir={directory / 'profile'}",
                "about:blank",
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        port = _port(directory / "profile" / "DevToolsActivePort", process, log)
        with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=TIMEOUT) as answer:
            [page] = [it for it in json.load(answer) if it["type"] == "page"]
        with connect(page["webSocketDebuggerUrl"], max_size=None) as devtools:
            yield Tab(devtools)
    finally:
        process.terminate()
        process.wait(TIMEOUT)


def _port(file: Path, process: subprocess.Popen[bytes], log: Path) -> int:
    """Where the browser listens, once it does."""
    deadline = time.monotonic() + TIMEOUT
    while not file.exists() or not file.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    return int(file.read_text().splitlines()[0])
