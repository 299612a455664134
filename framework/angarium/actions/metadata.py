"""Queue metadata: what is shown when unset, what may be stored, and the patch language.

Contract: ``rest-v2.md`` 5.0 and 5.4, ``notifications.md`` 7.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from angarium.codec import encode
from angarium.errors import ApiError, Conflict, InvalidBody
from angarium.limits import Limits
from angarium.storage.models import Kind
from angarium.validation import SchemaLibrary

SCHEMA: Final = "v2/queues/queue_metadata.json"
_BAD_ESCAPE: Final = re.compile(r"~(?![01])")
_BACKOFF_NEEDS_MINIMUM: Final = ("geometric", "exponential")
_SMALLEST_GAP: Final = 10  # seconds between the delays of a retry policy


def display_defaults(limits: Limits, kind: Kind = Kind.QUEUE) -> dict[str, Any]:
    """The reserved keys that are shown even when nothing is stored, with what is shown then."""
    shown = {
        "_max_messages_post_size": limits.max_messages_post_size,
        "_default_message_ttl": limits.default_message_ttl,
        "_default_message_delay": limits.default_message_delay,
    }
    if kind is Kind.TOPIC:
        return shown
    return {
        **shown,
        "_dead_letter_queue": None,
        "_dead_letter_queue_messages_ttl": None,
        "_max_claim_count": None,
        "_enable_encrypt_messages": False,
    }


def with_defaults(stored: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as HTTP shows it: falsy and missing reserved keys are filled in."""
    return {**stored, **{key: stored.get(key) or shown for key, shown in defaults.items()}}


def check(
    metadata: Mapping[str, Any], name: str, schemas: SchemaLibrary, error: type[ApiError]
) -> None:
    """Refuse reserved keys with values that they cannot have.

    :param name: that of the queue or topic.
    :raises ApiError: of the class ``error``.
    """
    schemas.part(SCHEMA).check(metadata, error)
    if metadata.get("_dead_letter_queue") == name:
        raise error("_dead_letter_queue must name another queue than this one.")
    check_retry_policy(metadata.get("_retry_policy") or {}, error)


def check_retry_policy(policy: Mapping[str, Any], error: type[ApiError]) -> None:
    """Refuse a policy of a queue or subscription whose delays do not fit together.

    :raises ApiError: of the class ``error``.
    """
    if not policy:
        return
    minimum, maximum = (
        default if policy.get(key) is None else policy[key]
        for key, default in (("minimum_delay", 5), ("maximum_delay", 30))
    )
    if policy.get("retry_backoff_function") in _BACKOFF_NEEDS_MINIMUM and minimum < 1:
        raise error("_retry_policy.minimum_delay must be at least 1 for this backoff function.")
    if maximum - minimum < _SMALLEST_GAP:
        raise error(
            f"_retry_policy.maximum_delay must exceed minimum_delay by at least {_SMALLEST_GAP}."
        )


@dataclass(frozen=True, slots=True)
class PatchOperation:
    """One step of a metadata patch; ``value`` counts for ``add`` and ``replace``."""

    verb: str
    key: str
    value: Any = None


def parse_patch(documents: Sequence[Mapping[str, Any]]) -> tuple[PatchOperation, ...]:
    """Operations whose members a schema has checked, with their paths taken apart.

    :raises InvalidBody: a path is malformed.
    """
    return tuple(
        PatchOperation(document["op"], _key_of(document["path"], index), document.get("value"))
        for index, document in enumerate(documents)
    )


def _key_of(path: str, index: int) -> str:
    segments = path.split("/")
    if len(segments) != 3 or segments[0].strip() or not all(map(str.strip, segments[1:])):
        raise InvalidBody(f"[{index}].path must have the form /metadata/<key>.")
    if _BAD_ESCAPE.search(path):
        raise InvalidBody(f"[{index}].path may use ~ only in ~0 (for ~) and ~1 (for /).")
    root, key = (segment.strip().replace("~1", "/").replace("~0", "~") for segment in segments[1:])
    if root.lower() != "metadata":
        raise InvalidBody(f"[{index}].path must begin with /metadata/.")
    return key


def apply_patch(
    stored: Mapping[str, Any], operations: Sequence[PatchOperation], shown: Mapping[str, Any]
) -> dict[str, Any]:
    """What a patch makes of metadata.

    :param shown: the reserved keys that count as present although they are not stored.
    :raises Conflict: a key that is to be replaced or removed is not there.
    """
    metadata = dict(stored)
    for operation in operations:
        key = operation.key
        if operation.verb != "add" and key not in metadata and key not in shown:
            raise Conflict(f"The metadata has no key {key[:64]} to {operation.verb}.")
        if operation.verb == "remove":
            metadata.pop(key, None)
        else:
            metadata[key] = operation.value
    return metadata


def check_size(metadata: Mapping[str, Any], limits: Limits) -> None:
    """Refuse the result of a patch that is larger as JSON than a queue may have.

    :raises InvalidBody: it is.
    """
    if len(encode(metadata)) > limits.max_queue_metadata:
        raise InvalidBody(f"The metadata would exceed {limits.max_queue_metadata} bytes as JSON.")
