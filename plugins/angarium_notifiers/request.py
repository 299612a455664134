"""The request that delivers a message (contract, ``notifications.md`` 1 and 5)."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from angarium.errors import InvalidRequest
from angarium.notifications.notifier import Delivery
from angarium.notifications.urls import Url, parse
from angarium.version import version
from angarium_notifiers.payload import payload
from angarium_notifiers.signing import key_of, secrets_of, signature_headers

_FORBIDDEN: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "x-delivery-signature"}
)
_CONTENT_TYPE: Final = "content-type"
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_USER_AGENT: Final = f"Angarium/{version()}"

OPTIONS_SCHEMA: Final[Mapping[str, Any]] = {
    "properties": {
        "post_data": {"type": "string"},
        "post_headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "_envelope": {"enum": ["cloudevents"]},
        "_signing_secret": {
            "type": ["string", "array"],
            "minLength": 1,
            "items": {"type": "string", "minLength": 1},
            "minItems": 2,
            "maxItems": 2,
        },
    }
}
"""The options that make up a request."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is posted; names of headers are in lower case.

    :ivar headers: for the subscriber's own origin.
    :ivar public_headers: for any other, to which the subscriber may redirect.
    """

    url: Url
    headers: Mapping[str, str]
    public_headers: Mapping[str, str]
    body: bytes


def check_options(given: Mapping[str, Any]) -> None:
    """Refuse what no schema can: headers that must not be sent, and secrets that are none.

    :raises InvalidRequest: the text names the option and the rule.
    """
    for name, value in given.get("post_headers", {}).items():
        if not _TOKEN.fullmatch(name):
            raise InvalidRequest(
                "options.post_headers must have names that HTTP allows: letters, digits and "
                "!#$%&'*+-.^_`|~ only, and so no line breaks."
            )
        if name.lower() in _FORBIDDEN:
            raise InvalidRequest(
                f"options.post_headers must not have {name}, which the service sets itself."
            )
        if _CONTROL.search(value):
            raise InvalidRequest(
                f"options.post_headers.{name} must not have line breaks or other control "
                "characters."
            )
    for secret in secrets_of(given.get("_signing_secret")):
        try:
            key_of(secret)
        except ValueError:
            raise InvalidRequest(
                "options._signing_secret must be text, or base64 after whsec_."
            ) from None


def build(delivery: Delivery) -> Request:
    """The request for an attempt that is made now.

    :raises ValueError: the address cannot be used.
    """
    url = parse(delivery.subscriber)
    content = payload(delivery)
    given = {name.lower(): it for name, it in delivery.options.get("post_headers", {}).items()}
    common = {
        "user-agent": _USER_AGENT,
        _CONTENT_TYPE: given.get(_CONTENT_TYPE, content.content_type),
    }
    signed = signature_headers(
        secrets_of(delivery.options.get("_signing_secret")),
        delivery.message_id,
        int(time.time()),
        content.body,
    )
    credentials = {"authorization": _basic(url.userinfo)} if url.userinfo else {}
    return Request(
        url,
        headers={**common, **credentials, **given, **signed},
        public_headers={**common, **signed},
        body=content.body,
    )


def _basic(userinfo: str) -> str:
    return f"Basic {base64.b64encode(unquote_to_bytes(userinfo)).decode()}"
