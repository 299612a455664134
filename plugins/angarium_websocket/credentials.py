"""Pre-signed requests (contract, ``websocket-v2.md`` 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from angarium.actions.base import Action
from angarium.identity import Identity
from angarium.signatures import Credential, Signer

_SIGNABLE: Final = "messages"
_MEMBERS: Final = ("URL-Methods", "URL-Paths", "URL-Expires")


def is_presented(headers: Mapping[str, Any]) -> bool:
    """Whether a request comes with a credential; an empty signature is none."""
    return bool(headers.get("URL-Signature"))


def identify(
    action: Action, headers: Mapping[str, Any], body: Mapping[str, Any], signer: Signer, now: int
) -> Identity | None:
    """The identity that a credential stands for; None if it does not grant this request.

    :param now: seconds since 1970.
    """
    if action.resource != _SIGNABLE or any(name not in headers for name in _MEMBERS):
        return None
    credential = Credential(
        paths=tuple(headers["URL-Paths"]),
        methods=tuple(headers["URL-Methods"]),
        project=headers["X-Project-ID"],
        expires=headers["URL-Expires"],
        signature=headers["URL-Signature"],
    )
    path = action.http.path.format_map(body)
    if not credential.covers(action.http.method, path) or not signer.verify(credential, now):
        return None
    return Identity(project=credential.project)
