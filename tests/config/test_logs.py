"""Records with fields, as text and as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from angarium import config, logs
from angarium.errors import StartError


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave the loggers of the test process as they were."""
    root, ours = logging.getLogger(), logging.getLogger("angarium")
    before = (list(root.handlers), root.level, ours.level)
    yield
    root.handlers[:], level, our_level = before
    root.setLevel(level)
    ours.setLevel(our_level)


def setup(directory: Path, options: str = "") -> Path:
    log = directory / "angarium.log"
    path = directory / "angarium.conf"
    path.write_text(f"[DEFAULT]\nuse_stderr = false\nlog_file = {log}\n{options}\n")
    logs.setup(config.load(["--config-file", str(path)]))
    return log


def test_fields_stand_in_the_text(tmp_path: Path) -> None:
    log = setup(tmp_path)
    logs.event(
        logging.getLogger("angarium.test"),
        logging.INFO,
        "done",
        request_id="req-1",
        project='p "x"\n2026 forged line',
        code=None,
        ids=3,
    )
    line = log.read_text()
    assert line.count("\n") == 1
    assert (
        'INFO angarium.test done request_id=req-1 project="p \\"x\\"\\n2026 forged line" ids=3'
        in line
    )


def test_fields_are_members_of_a_json_record(tmp_path: Path) -> None:
    log = setup(tmp_path, "use_json = true")
    logs.event(logging.getLogger("angarium.test"), logging.INFO, "done", request_id="req-1", ids=3)
    record = json.loads(log.read_text())
    assert record["extra"] == {"request_id": "req-1", "ids": 3}
    assert record["message"] == "done request_id=req-1 ids=3"


def test_what_is_heard(tmp_path: Path) -> None:
    log = setup(tmp_path)
    for name in ("angarium.test", "library"):
        for level in (logging.DEBUG, logging.INFO, logging.WARNING):
            logging.getLogger(name).log(level, "%s", logging.getLevelName(level))
    heard = [tuple(line.split()[3:5]) for line in log.read_text().splitlines()]
    assert heard == [
        ("INFO", "angarium.test"),
        ("WARNING", "angarium.test"),
        ("WARNING", "library"),
    ]


def test_debug_lets_everything_through(tmp_path: Path) -> None:
    log = setup(tmp_path, "debug = true")
    logging.getLogger("library").debug("heard")
    assert "DEBUG library heard" in log.read_text()


def test_a_log_file_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="logging options"):
        setup(tmp_path, f"log_dir = {tmp_path}/missing\nlog_file = a.log")
