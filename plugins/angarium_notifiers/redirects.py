"""Where a subscriber has moved to (contract, ``notifications.md`` 6)."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urldefrag, urljoin

from angarium.notifications.urls import Url, parse
from angarium_notifiers.client import PORTS, Answer, origin_of

FOLLOWED: Final = frozenset({301, 302, 307, 308})
MOST_HOPS: Final = 5

_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))


class RedirectRefused(Exception):
    """Raised when a redirect leads nowhere or where a delivery must not go."""


def next_url(url: Url, answer: Answer) -> Url:
    """The address that an answer names, which may be relative to the one that was asked.

    :raises RedirectRefused: there is none, or it is no address of a webhook, or one without the
        encryption that the subscriber asked for.
    """
    location = answer.headers.get("Location")
    if not location:
        raise RedirectRefused(f"answered {answer.status} without a Location")
    try:
        raw = str(location).encode("latin-1")
        target = parse(urldefrag(urljoin(str(url), quote(raw, safe=_PRINTABLE))).url)
    except ValueError:
        raise RedirectRefused("redirected to an address that cannot be used") from None
    if target.scheme not in PORTS:
        raise RedirectRefused("redirected to an address that is neither http nor https")
    if url.scheme == "https" and target.scheme == "http":
        raise RedirectRefused("redirected from https to http")
    return target


def is_same(url: Url, target: Url) -> bool:
    """Whether two addresses have one origin; the usual step from http to https stays in it."""
    here, there = origin_of(url), origin_of(target)
    is_upgrade = (here.port, there.port) == (PORTS["http"], PORTS["https"])
    return here == there or (is_upgrade and here.host == there.host)
