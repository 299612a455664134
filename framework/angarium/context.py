"""Who asks for what: the part of a request that is the same over every transport."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestContext:
    """A caller whose headers were checked.

    :ivar project: the verified project, or the claimed one in open mode; "" where none is needed.
    :ivar client_id: the Client-ID, a UUID in canonical form; "" where none is needed.
    :ivar roles: lower-case role names; empty on a signed request.
    """

    request_id: str
    project: str = ""
    client_id: str = ""
    user_id: str | None = None
    roles: frozenset[str] = frozenset()
