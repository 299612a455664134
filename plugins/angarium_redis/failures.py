"""What a failure of Redis means: to be tried again, nothing changed, or outcome unknown."""

from __future__ import annotations

import re
from typing import Final

from redis import exceptions

# Answers after which nothing was changed and another attempt, perhaps elsewhere, may succeed.
PASSING: Final = frozenset(
    {
        "ASK",
        "BUSY",
        "CLUSTERDOWN",
        "LOADING",
        "MASTERDOWN",
        "MOVED",
        "NOREPLICAS",
        "READONLY",
        "TRYAGAIN",
        "UNBLOCKED",
    }
)
_CODES: Final = (
    (exceptions.NoScriptError, "NOSCRIPT"),
    (exceptions.ReadOnlyError, "READONLY"),
    (exceptions.BusyLoadingError, "LOADING"),
    (exceptions.MovedError, "MOVED"),
    (exceptions.AskError, "ASK"),
    (exceptions.TryAgainError, "TRYAGAIN"),
    (exceptions.MasterDownError, "MASTERDOWN"),
    (exceptions.ClusterDownError, "CLUSTERDOWN"),
    (exceptions.NoPermissionError, "NOPERM"),
    (exceptions.OutOfMemoryError, "OOM"),
    (exceptions.AuthenticationError, "NOAUTH"),
    (exceptions.AuthorizationError, "NOAUTH"),
)
_FIRST_WORD: Final = re.compile(r"-?([A-Z]{2,})\b")
_INSIDE: Final = re.compile(r"-([A-Z]{2,}) ")


class Failed(Exception):
    """One attempt failed.

    :param cause: what the client library raised.
    :param code: that of the server's answer; empty if the connection failed.
    :param sent: whether the command may have been carried out.
    :param reused: whether the connection had been used before, and so may just have been old.
    """

    def __init__(
        self, cause: Exception, code: str = "", *, sent: bool = False, reused: bool = False
    ) -> None:
        super().__init__(describe(cause))
        self.cause = cause
        self.code = code
        self.sent = sent
        self.reused = reused

    @property
    def is_passing(self) -> bool:
        """Whether another attempt may succeed."""
        return not self.code or self.code in PASSING


def code_of(error: Exception) -> str:
    """The code of an answer that is an error, also if a script met it; empty if it is no answer."""
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    if not isinstance(error, exceptions.ResponseError):
        return ""
    text = str(error)
    inside = _INSIDE.search(text)  # Redis 6.2: "Error running script ...: -READONLY You can't ..."
    if inside:
        return inside[1]
    first = _FIRST_WORD.match(text)
    return first[1] if first else "ERR"


def describe(error: BaseException) -> str:
    """One line for the operator: no command, no value, no password."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}"
