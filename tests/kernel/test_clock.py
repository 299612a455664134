"""The one clock (design principle 10)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from angarium import clock as clocks
from angarium.clock import Clock, SharedClock


def test_time_is_real_time_without_an_offset() -> None:
    before = int(time.time())
    assert before <= Clock().now() <= int(time.time())


def test_the_offset_moves_time() -> None:
    clock = Clock()
    clock.offset = 100_000
    assert clock.now() >= int(time.time()) + 99_999
    clock.offset = -100_000
    assert clock.now() <= int(time.time()) - 99_999


def test_clocks_on_one_file_move_together(tmp_path: Path) -> None:
    one, other = SharedClock(tmp_path / "offset"), SharedClock(tmp_path / "offset")
    assert one.offset == other.offset == 0
    one.offset = 86_400
    assert other.offset == 86_400
    assert SharedClock(tmp_path / "offset").offset == 86_400


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not isinstance(clocks.from_environment(), SharedClock)
    monkeypatch.setenv(clocks.ENVIRONMENT_VARIABLE, str(tmp_path / "offset"))
    named = clocks.from_environment()
    named.offset = 7
    assert SharedClock(tmp_path / "offset").offset == 7
