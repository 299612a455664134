"""Which driver serves a pool: the one that declares the scheme of its uri."""

from __future__ import annotations

import logging
import threading
from urllib.parse import urlsplit

from angarium import plugins
from angarium.errors import InvalidBody, StartError
from angarium.storage.driver import DataDriver

LOG = logging.getLogger(__name__)


def scheme_of(uri: str) -> str:
    """What stands before ``://``, in lower case; empty if nothing does."""
    scheme, separator, _ = uri.partition("://")
    return scheme.lower() if separator else ""


def without_secrets(uri: str) -> str:
    """A URI without password and parameters, for logs and terminals."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return f"{scheme_of(uri)}://…"
    user, at, host = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{user.partition(':')[0]}{at}{host}{parts.path}"


class Schemes:
    """The data drivers that are installed, by the schemes that they declare. Safe for threads.

    They are loaded when a pool is first met, so that a service without pools imports none of them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, list[type[DataDriver]]] | None = None

    def driver_class(self, uri: str) -> type[DataDriver]:
        """The driver for a uri.

        :raises InvalidBody: no driver that is installed declares its scheme, or several do.
        """
        known, scheme = self._load(), scheme_of(uri)
        classes = known.get(scheme, [])
        if len(classes) == 1:
            return classes[0]
        if classes:
            names = ", ".join(sorted(f"{it.__module__}.{it.__qualname__}" for it in classes))
            raise InvalidBody(f"Several drivers serve the scheme {scheme} of uri: {names}.")
        raise InvalidBody(
            f"No driver serves the scheme of uri; known schemes are {', '.join(sorted(known))}."
        )

    def _load(self) -> dict[str, list[type[DataDriver]]]:
        with self._lock:
            if self._known is None:
                self._known = _by_scheme()
            return self._known


def _by_scheme() -> dict[str, list[type[DataDriver]]]:
    """One that cannot be loaded is left out: it stops nothing but the pools that need it."""
    known: dict[str, list[type[DataDriver]]] = {}
    for name in sorted({plugin.name for plugin in plugins.installed(plugins.DATA)}):
        try:
            found = plugins.load(plugins.DATA, name, option="a pool", base=DataDriver)
        except StartError as error:
            LOG.warning("no pool can use the driver %s: %s", name, error)
            continue
        for scheme in found.schemes:
            if found not in known.setdefault(scheme, []):
                known[scheme].append(found)
    return known
