"""Identifiers of messages, claims, subscriptions and requests (contract, ``rest-v2.md`` 1.11)."""

from __future__ import annotations

import re
from typing import Final

import uuid_utils

UNKNOWN: Final = "-"
"""Stands for an identifier that no store can have issued."""

_WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{1,64}")


def new_message_id() -> str:
    """A time-ordered identifier (UUID version 7): ids sort roughly in creation order."""
    return str(uuid_utils.uuid7())


def new_subscription_id() -> str:
    """A time-ordered identifier (UUID version 7)."""
    return str(uuid_utils.uuid7())


def new_claim_id() -> str:
    """An unguessable identifier (UUID version 4)."""
    return str(uuid_utils.uuid4())


def new_request_id() -> str:
    """``req-`` and a fresh random UUID."""
    return f"req-{uuid_utils.uuid4()}"


def is_well_formed(identifier: str) -> bool:
    """Whether a store could have issued it; anything else counts as unknown, never as an error."""
    return _WELL_FORMED.fullmatch(identifier) is not None
