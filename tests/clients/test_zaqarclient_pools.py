"""Pools and flavors as python-zaqarclient manages them."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from zaqarclient.transport import errors

from tests.clients.zaqar import Zaqar
from tests.servers import Options, Server, ServerPark

_VERBS = ("get_all", "create", "get", "update", "delete")


@pytest.fixture
def server(park: ServerPark, store: str, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server that lets everybody manage pools: the client sends no roles."""
    rules = tmp_path_factory.mktemp("policy") / "policy.yaml"
    names = [f"{kind}:{verb}" for kind in ("pools", "flavors") for verb in _VERBS]
    rules.write_text("".join(f'"{name}": ""\n' for name in names))
    options: Options = {
        "DEFAULT": {"admin_mode": True, "pooling": True},
        "oslo_policy": {"policy_file": rules},
    }
    return park.get(store, "client-pools", options)


def names_of(found: Any) -> list[str]:
    """Of a page, with or without the queue count that comes along."""
    return [item.name for item in (found[0] if isinstance(found, tuple) else found)]


def test_pools_and_flavors(zaqar: Zaqar, tmp_path: Path) -> None:
    client, tag = zaqar.client, uuid.uuid4().hex[:8]
    pool_name, flavor_name = f"pool-{tag}", f"flavor-{tag}"
    uri = f"sqlite:///{tmp_path}/pool.db"
    pool = client.pool(pool_name, uri=uri, weight=10, flavor=f"spare-{tag}")
    assert (pool.get()["uri"], pool.get()["weight"]) == (uri, 10)
    assert pool_name in names_of(client.pools(marker=pool_name[:-1]))
    pool.update({"weight": 20})
    assert pool.get()["weight"] == 20
    with pytest.raises(errors.MalformedRequest, match="scheme"):
        client.pool(f"bad-{tag}", uri="gopher://x", weight=1)
    flavor = client.flavor(flavor_name, pool_list=[pool_name])
    assert flavor.get()["pool_list"] == [pool_name]
    assert flavor_name in names_of(client.flavors())
    flavor.update({"pool_list": [pool_name]})
    flavor.delete()
    pool.delete()
    with pytest.raises(errors.ResourceNotFound):
        pool.get()
