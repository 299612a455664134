"""Pre-signed requests (contract, ``rest-v2.md`` 1.9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from angarium.errors import UnknownRoute
from angarium.identity import Identity
from angarium.signatures import Credential, Signer


def identify(
    headers: Mapping[str, str], method: str, path: str, signer: Signer, now: Callable[[], int]
) -> Identity | None:
    """The identity that a credential stands for; None if the request presents none.

    :param now: tells the seconds since 1970.

    :raises UnknownRoute: the credential does not verify, or does not grant this request.
    """
    signature = headers.get("url-signature")
    if not signature:
        return None
    credential = Credential(
        paths=tuple(headers.get("url-paths", "").split(",")),
        methods=tuple(headers.get("url-methods", "").split(",")),
        project=headers.get("x-project-id", ""),
        expires=headers.get("url-expires", ""),
        signature=signature,
    )
    if not credential.covers(method, path) or not signer.verify(credential, now()):
        raise UnknownRoute
    return Identity(project=credential.project, user_id=None, roles=frozenset())
