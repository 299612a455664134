"""The signature of webhooks by Standard Webhooks: ``webhook-id``, ``-timestamp``, ``-signature``.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

_PREFIX: Final = "whsec_"


def key_of(secret: str) -> bytes:
    """The key that a secret stands for: what is base64 after ``whsec_``, otherwise its text.

    :raises ValueError: after the prefix comes no base64, or nothing.
    """
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
    if not key:
        raise ValueError("no key")
    return key


def secrets_of(option: str | list[str] | None) -> list[str]:
    """The secrets in an option ``_signing_secret``: none, one, or two while they are rotated."""
    if option is None:
        return []
    return [option] if isinstance(option, str) else option


def signature_headers(
    secrets: list[str], message_id: str, moment: int, body: bytes
) -> dict[str, str]:
    """The headers that prove where a request comes from; none without a secret.

    :param moment: of this attempt, in seconds since 1970.
    """
    if not secrets:
        return {}
    signed = f"{message_id}.{moment}.".encode() + body
    digests = [hmac.digest(key_of(secret), signed, hashlib.sha256) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(it).decode()}" for it in digests),
    }
