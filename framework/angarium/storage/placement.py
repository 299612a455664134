"""Which pool a new queue goes to (contract, ``storage-semantics.md`` 13)."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from angarium.errors import FlavorDoesNotExist, NoPoolFound
from angarium.storage.models import PoolRecord
from angarium.storage.pools import Pools


class Placement:
    """Draws pools by weight; knows nothing of queues. Without pooling there is nothing to draw."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools
        self._control = pools.control

    def choose(self, project: str, metadata: Mapping[str, Any]) -> str:
        """The pool of a queue with these metadata that is to be created or moved.

        :raises FlavorDoesNotExist: ``_flavor`` names none of the project.
        :raises NoPoolFound: no pool may get it.
        """
        if not self._pools.is_pooling:
            return ""
        flavor = flavor_of(metadata)
        self.check_flavor(project, metadata)
        drawn = draw(self._control.find_pools(flavor or ""))
        if drawn is not None:
            return drawn.name
        if flavor is None and self._pools.has_virtual:
            return ""
        raise NoPoolFound

    def check_flavor(self, project: str, metadata: Mapping[str, Any]) -> None:
        """Return if the flavor that metadata name exists, or does not matter.

        :raises FlavorDoesNotExist: it does not.
        """
        flavor = flavor_of(metadata)
        if flavor is None or not self._pools.is_pooling:
            return
        if not flavor or not self._control.has_flavor(project, flavor):
            raise FlavorDoesNotExist

    def fits(self, pool: str, metadata: Mapping[str, Any]) -> bool:
        """Whether a queue with these metadata may stay where it is."""
        if not self._pools.is_pooling:
            return True
        flavor = flavor_of(metadata) or ""
        if not pool:
            return not flavor
        record = self._control.get_pool(pool)
        return record is not None and record.flavor == flavor

    def is_hidden(self, pool: str) -> bool:
        """Whether a queue behaves as absent: it is in the message store, which is no pool now."""
        return not pool and not self._pools.uses_default


def flavor_of(metadata: Mapping[str, Any]) -> str | None:
    """The flavor that metadata name; null counts as none."""
    flavor: str | None = metadata.get("_flavor")
    return flavor


def draw(pools: Sequence[PoolRecord]) -> PoolRecord | None:
    """One of some pools, by weight; one of weight 0 never, so there may be none."""
    weighted = [pool for pool in pools if pool.weight > 0]
    if not weighted:
        return None
    return random.choices(weighted, [pool.weight for pool in weighted])[0]  # noqa: S311 - a share
