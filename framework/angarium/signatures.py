"""Pre-signed credentials: one recipe for shares, confirmations and both doors.

Contract: ``notifications.md`` 12 (recipe and test vectors), ``rest-v2.md`` 1.9 and 5.8.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%S"
_DIGITS: Final = re.compile(r"[+-]?\d*")
_CHARACTERS: Final = re.compile(r"[0-9TtWZz:.,+ -]*")  # fromisoformat() takes a NUL at the end, too


@dataclass(frozen=True, slots=True)
class Credential:
    """What a signature grants: methods on paths, and what lies below them, in one project.

    :ivar paths: sorted.
    :ivar methods: sorted.
    :ivar expires: UTC as ``YYYY-MM-DDThh:mm:ss``.
    :ivar signature: 64 lower-case hex digits.
    """

    paths: tuple[str, ...]
    methods: tuple[str, ...]
    project: str
    expires: str
    signature: str

    def covers(self, method: str, path: str) -> bool:
        """Whether it grants a method on a path: plain comparison, never a pattern."""
        return method in self.methods and any(
            path == signed or path.startswith(f"{signed}/") for signed in self.paths
        )


def normalise_expiry(text: str, now: int) -> str:
    """An ISO 8601 time as UTC to the second.

    :param now: seconds since 1970; the expiry must be later.
    :raises ValueError: it is malformed, made of digits only, or not in the future.
    """
    if _DIGITS.fullmatch(text) or not _CHARACTERS.fullmatch(text):
        raise ValueError("the expiry must be an ISO 8601 date and time")
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if moment.timestamp() <= now:
        raise ValueError("the expiry must lie in the future")
    return moment.strftime(_TIME_FORMAT)


class Signer:
    """Issues and verifies credentials under ``[signed_url] secret_key``.

    :param secret_key: None or empty: nothing can be issued and nothing verifies.
    """

    def __init__(self, secret_key: str | None) -> None:
        self._key = (secret_key or "").encode()

    @property
    def is_enabled(self) -> bool:
        """Whether there is a key."""
        return bool(self._key)

    def issue(
        self, paths: Sequence[str], methods: Sequence[str], project: str, expires: str
    ) -> Credential:
        """A credential; ``expires`` comes from :func:`normalise_expiry`."""
        paths, methods = tuple(sorted(paths)), tuple(sorted(methods))
        text = r"\n".join((",".join(paths), ",".join(methods), project, expires))
        signature = hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
        return Credential(paths, methods, project, expires, signature)

    def verify(self, presented: Credential, now: int) -> bool:
        """Whether the signature is ours for these values and has not expired; constant time."""
        if not self.is_enabled or not presented.project or not any(presented.paths):
            return False
        try:
            expires = normalise_expiry(presented.expires, now)
            genuine = self.issue(
                presented.paths, presented.methods, presented.project, expires
            ).signature
            return hmac.compare_digest(genuine.encode(), presented.signature.encode())
        except (ValueError, OverflowError):
            return False
