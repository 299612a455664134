"""Where a store in memory is, and whether it can serve there at all."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import Final

from angarium.errors import StartError
from angarium.storage import overrides
from angarium.storage.driver import StoreEnvironment
from angarium_memory import options

LOG = logging.getLogger(__name__)

SCHEMES: Final = frozenset({"memory"})
_URI: Final = re.compile(r"memory://[A-Za-z0-9._-]+")


def placed(environment: StoreEnvironment, group: str) -> StoreEnvironment:
    """The environment with the uri that counts: that of a pool, or that of the options.

    :raises StartError: it is none, or more than one process is to use the store.
    """
    settings = overrides.settings(environment, group, options.OPTIONS)
    uri = environment.uri or settings.uri
    if not _URI.fullmatch(uri):
        place = f"[{group}] uri" if environment.uri is None else "the uri of a pool"
        raise StartError(
            f"{place} must be memory:// and a name of letters, digits, '.', '-' and '_'."
        )
    if environment.processes > 1:
        raise StartError(
            f"{uri} is a store in the memory of one process, and each of "
            f"{environment.processes} would have one of its own: let a single process serve "
            "([drivers] transport = wsgi, [drivers:transport:wsgi] workers = 1), and look after it "
            "through the API only; or choose a store that processes share."
        )
    return replace(environment, uri=uri)


def warn(store: str) -> None:
    """Tell the operator what will become of the data."""
    LOG.warning(
        "The %s is in memory: each process that serves has its own, and it is lost when that "
        "process ends.",
        store,
    )
