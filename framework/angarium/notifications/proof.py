"""The proof that a push comes from the service itself: header ``X-Delivery-Signature``.

Who delivers makes it, the delivery endpoint of a socket process checks it (contract,
``websocket-v2.md`` 10).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

HEADER: Final = "X-Delivery-Signature"

_FORM: Final = re.compile(r"t=([0-9]{1,15}),v=([0-9a-f]{64})")
_TOLERANCE: Final = 300  # seconds


def sign(secret: str, connection_id: str, body: bytes, now: int) -> str:
    """The value of the header.

    :param secret: the delivery secret of the subscription.
    :param connection_id: the path of the subscriber's URI, without its slash.
    :param now: seconds since 1970.
    """
    return f"t={now},v={_digest(secret, connection_id, str(now), body)}"


def verify(presented: str, secret: str, connection_id: str, body: bytes, now: int) -> bool:
    """Whether the value of a header is ours and was made within five minutes; constant time."""
    match = _FORM.fullmatch(presented)
    if match is None:
        return False
    moment, digest = match.groups()
    is_genuine = hmac.compare_digest(digest, _digest(secret, connection_id, moment, body))
    return is_genuine and abs(now - int(moment)) <= _TOLERANCE


def _digest(secret: str, connection_id: str, moment: str, body: bytes) -> str:
    signed = b"\n".join((connection_id.encode(), moment.encode(), body))
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
