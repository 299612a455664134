"""Open mode: project, user and roles are whatever the headers say. For closed networks only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from angarium.identity import Identity, IdentityPlugin

_NO_ROLES: Final[frozenset[str]] = frozenset()
# The first header that is present counts, even if it is empty (contract, rest-v2.md 1.3).
_PROJECT_HEADERS = ("x-project-id", "x-tenant-id", "x-tenant")


class NoAuth(IdentityPlugin):
    """Believes ``X-Project-Id``, ``X-User-Id`` and ``X-Roles`` (comma separated)."""

    interface_version = 1

    open: ClassVar[bool] = True

    def identify(self, headers: Mapping[str, str]) -> Identity:
        """Read the identity headers; never refuses."""
        project = next((headers[name] for name in _PROJECT_HEADERS if name in headers), None)
        return Identity(project, headers.get("x-user-id"), _roles(headers.get("x-roles", "")))


def _roles(text: str) -> frozenset[str]:
    if not text:
        return _NO_ROLES
    return frozenset(role for part in text.split(",") if (role := part.strip().lower()))
