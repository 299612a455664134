"""Pools and flavors (contract, ``storage-semantics.md`` 13)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from angarium import codec
from angarium.errors import PoolDoesNotExist
from angarium.storage.models import PoolRecord
from angarium_redis.control_calls import ControlCalls
from angarium_redis.keys import decode, encode
from angarium_redis.scripts import Script, load


def _script(name: str, *, changes: bool = True) -> Script:
    return load("control_keys", "control_pools", f"control_{name}", changes=changes)


_GET: Final = _script("get_pool", changes=False)
_LIST: Final = _script("list_pools", changes=False)
_FIND: Final = _script("find_pools", changes=False)
_PUT: Final = _script("put_pool")
_DELETE: Final = _script("delete_pool")
_HAS_FLAVOR: Final = _script("has_flavor", changes=False)
_LIST_FLAVORS: Final = _script("list_flavors", changes=False)
_PUT_FLAVOR: Final = _script("put_flavor")
_DELETE_FLAVOR: Final = _script("delete_flavor")


class PoolPart:
    """The part of a management store that keeps pools and flavors."""

    _call: ControlCalls

    def get_pool(self, name: str) -> PoolRecord | None:
        """Read a pool."""
        found = self._call(_GET, encode(name))
        return None if found is None else _to_pool(found)

    def list_pools(self, *, marker: str, limit: int) -> list[PoolRecord]:
        """Read pools by name."""
        return [_to_pool(it) for it in self._call(_LIST, encode(marker), b"%d" % limit)]

    def find_pools(self, flavor: str) -> list[PoolRecord]:
        """Read all pools with a tag, by name."""
        return [_to_pool(it) for it in self._call(_FIND, encode(flavor))]

    def put_pool(self, pool: PoolRecord) -> None:
        """Create a pool or replace it."""
        options = codec.encode(pool.options)
        texts = (encode(pool.name), encode(pool.uri), b"%d" % pool.weight, encode(pool.flavor))
        self._call(_PUT, *texts, options)

    def delete_pool(self, name: str) -> None:
        """Delete a pool that nothing needs."""
        self._call(_DELETE, encode(name))

    def has_flavor(self, project: str, name: str) -> bool:
        """Whether a project has a flavor."""
        return bool(self._call(_HAS_FLAVOR, encode(project), encode(name)))

    def list_flavors(self, project: str, *, marker: str, limit: int) -> list[str]:
        """Names of the flavors of a project."""
        found = self._call(_LIST_FLAVORS, encode(project), encode(marker), b"%d" % limit)
        return [decode(name) for name in found]

    def put_flavor(self, project: str, name: str, pools: Sequence[str]) -> None:
        """Create a flavor or replace it."""
        missing = self._call(_PUT_FLAVOR, encode(project), encode(name), *map(encode, pools))
        if missing != 1:
            raise PoolDoesNotExist(decode(missing))

    def delete_flavor(self, project: str, name: str) -> None:
        """Delete a flavor, and free its pools if nobody else has one of the name."""
        self._call(_DELETE_FLAVOR, encode(project), encode(name))


def _to_pool(found: Sequence[Any]) -> PoolRecord:
    name, uri, weight, flavor, options = found
    return PoolRecord(decode(name), decode(uri), int(weight), decode(flavor), orjson.loads(options))
