"""What becomes of a delivery by the answer to it (contract, ``notifications.md`` 6)."""

from __future__ import annotations

import ssl
import time
from email.utils import parsedate_to_datetime
from typing import Final

from angarium.notifications.notifier import Delivered, GivenUp, TryAgain, Verdict
from angarium_notifiers.client import Answer

LONGEST_WAIT: Final = 3600
"""Seconds that a subscriber may put us off for."""

_SEE_OTHER: Final = 303
_PASSING: Final = frozenset({408, 425, 429})
_PUTS_OFF: Final = frozenset({429, 503})


def judge(answer: Answer) -> Verdict:
    """The outcome of an answer that is no redirect."""
    status = answer.status
    if 200 <= status < 300 or status == _SEE_OTHER:
        return Delivered()
    reason = f"answered {status}"
    if status in _PASSING or not 300 <= status < 500:
        return TryAgain(reason, _retry_after(answer) if status in _PUTS_OFF else 0)
    return GivenUp(reason)


def failed(error: Exception) -> TryAgain:
    """The outcome when there was no answer."""
    if isinstance(error, TimeoutError):
        return TryAgain("timed out")
    kind = "TLS failure" if isinstance(error, ssl.SSLError) else "connection failure"
    return TryAgain(f"{kind}: {' '.join(str(error).split()) or type(error).__name__}")


def _retry_after(answer: Answer) -> int:
    """Seconds from now, given as such or as a date; 0 if it cannot be understood."""
    text = str(answer.headers.get("Retry-After", "")).strip()
    if text.isascii() and text.isdigit():
        seconds = float(text)  # of any length
    else:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return 0
    return int(min(max(seconds, 0), LONGEST_WAIT))
