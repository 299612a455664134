"""``mailto:`` URIs, as far as a subscriber may be one (RFC 6068; contract, notifications.md 9)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

_ADDRESS: Final = re.compile(
    r"(?=.{3,254}\Z)(?P<local>[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_LONGEST_LOCAL_PART: Final = 64
_FURTHER_RECIPIENTS: Final = frozenset({"to", "cc", "bcc"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Mailto:
    """One recipient, and the subject that the URI gives; None if it gives none."""

    address: str
    subject: str | None


def is_one_line(text: str) -> bool:
    """Whether a text can be the value of a header."""
    return not _CONTROL.search(text)


def parse(uri: str) -> Mailto:
    """Read a URI.

    :raises ValueError: it cannot be used. The text completes a sentence that begins with the name
        of a field.
    """
    scheme, _, rest = uri.partition(":")
    if scheme.lower() != "mailto" or "#" in rest:
        raise ValueError("must be a URI such as mailto:gardener@example.org, without a fragment")
    path, _, query = rest.partition("?")
    address = unquote(path)
    found = _ADDRESS.fullmatch(address)
    if found is None or len(found["local"]) > _LONGEST_LOCAL_PART:
        raise ValueError(
            "must name one recipient in ASCII, with a domain name, as in "
            "mailto:gardener@example.org"
        )
    return Mailto(address, _subject(query))


def _subject(query: str) -> str | None:
    subject = None
    for parameter in query.split("&"):
        name, _, value = parameter.partition("=")
        name = unquote(name).lower()
        if name in _FURTHER_RECIPIENTS:
            raise ValueError(f"must not name further recipients, as it does with {name}")
        if name == "subject" and subject is None:
            try:
                subject = unquote(value, errors="strict")
            except UnicodeDecodeError:
                raise ValueError("must have a subject in percent-encoded UTF-8") from None
            if not is_one_line(subject):
                raise ValueError(
                    "must have a subject without line breaks and other control characters"
                )
    return subject
