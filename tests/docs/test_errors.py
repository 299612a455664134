"""``docs/errors.rst`` has every error, with the status and title that it really has."""

from __future__ import annotations

import re
from pathlib import Path

from angarium import errors
from angarium.errors import ApiError

PAGE = Path(__file__).parents[2] / "docs" / "errors.rst"
_ENTRY = re.compile(r"^``([a-z-]+)``\n    \*\*(\d{3}) ([^*]+)\.\*\* ((?:.+\n)+)", re.MULTILINE)
_TERM = re.compile(r"^``([a-z-]+)``$", re.MULTILINE)

CLASSES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, ApiError) and value is not ApiError
]


def test_a_code_means_one_error() -> None:
    codes = [each.code for each in CLASSES]
    assert len(set(codes)) == len(codes)


def test_the_page_has_every_error_and_no_other() -> None:
    entries = {
        code: (int(status), title) for code, status, title, _ in _ENTRY.findall(PAGE.read_text())
    }
    assert entries == {each.code: (each.status, each.title) for each in CLASSES}


def test_every_entry_of_the_page_is_complete() -> None:
    text = PAGE.read_text()
    entries = _ENTRY.findall(text)
    assert [code for code, *_ in entries] == _TERM.findall(text)
    assert all(len(meaning) > 20 for *_, meaning in entries)


def test_the_page_goes_by_status() -> None:
    statuses = [int(status) for _, status, *_ in _ENTRY.findall(PAGE.read_text())]
    assert statuses == sorted(statuses)
