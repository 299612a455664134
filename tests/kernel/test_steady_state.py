"""Once a process has the plan of a queue, a request costs one call of the pool's driver, and no
look into the management store: through the whole service, with pools and without."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from angarium.actions import table
from angarium.dispatch import Dispatcher
from angarium.kernel import Kernel
from angarium.limits import Limits
from angarium.policy import Policy
from angarium.storage.catalogue import Catalogue
from angarium.storage.models import PoolRecord
from angarium.storage.pipeline import PIPELINES, Pipeline
from angarium.storage.pools import Pools
from angarium.storage.schemes import Schemes
from angarium.storage.store import Store
from angarium_rest.app import create_app
from tests import stores
from tests.badinput.wire import CLIENT_ID, Answer, send
from tests.kernel.faults import Counts, Hook, hooked
from tests.kernel.installation import Installation, Options

QUEUE = "/v2/queues/plums"


@pytest.fixture(scope="module", params=(*stores.STORES, "mongodb"))
def store(request: pytest.FixtureRequest) -> str:
    """Every kind of store that has connections, as the pool and as the management store."""
    return str(request.param)


class _CountedSchemes(Schemes):
    """The installed drivers of pools, with their calls through a hook."""

    def __init__(self, hook: Hook) -> None:
        super().__init__()
        self._hook = hook

    def driver_class(self, uri: str) -> Any:
        chosen = super().driver_class(uri)
        return lambda environment: hooked(chosen(environment), self._hook)


class Service:
    """One process behind its door; what the requests cost is counted by kind of store."""

    def __init__(self, kernel: Kernel) -> None:
        self.control, self.data = Counts(), Counts()
        self.application = create_app(self._counted(kernel)).wsgi_app

    def _counted(self, kernel: Kernel) -> Kernel:
        own = kernel.services.pools
        control = hooked(own.control, self.control)
        pools = Pools(
            control,
            hooked(own.default, self.data),
            own.environment,
            is_pooling=own.is_pooling,
            schemes=_CountedSchemes(self.data),
        )
        catalogue = Catalogue(pools, Limits(), cache_size=100)
        counted = replace(
            kernel.services,
            store=Store(catalogue, {name: Pipeline() for name in PIPELINES}),
            control=control,
            pools=pools,
        )
        actions = table.select(admin_mode=False, pooling=own.is_pooling)
        dispatcher = Dispatcher(counted, Policy(kernel.conf), actions)
        return replace(kernel, services=counted, dispatcher=dispatcher)

    def ask(self, method: str, path: str, query: str = "", body: Any = None) -> Answer:
        """Send a request."""
        return send(
            self.application,
            method,
            path,
            query=query,
            headers={"Client-ID": CLIENT_ID, "X-Project-Id": "orchard"},
            body=None if body is None else json.dumps(body).encode(),
        )

    def costs(self, method: str, path: str, query: str = "", body: Any = None) -> list[str]:
        """The calls of the pool's driver for a request that succeeds; of the other one, none."""
        self.control.names.clear()
        self.data.names.clear()
        answer = self.ask(method, path, query, body)
        assert answer.status in (200, 201, 204), answer
        assert self.control.names == []
        return self.data.names


@pytest.fixture(params=["one store", "pools"])
def service(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    store: str,
    store_options: Options,
    server_urls: Callable[[str], str],
) -> Iterator[Service]:
    """A service with pooling off and on."""
    if request.param == "one store":
        with Installation(tmp_path, store_options) as installation:
            yield Service(installation.open())
        return
    pooling = {**store_options, "DEFAULT": {"pooling": True}}
    with (
        stores.pool(store, server_urls, tmp_path) as pool,
        Installation(tmp_path, pooling) as installation,
    ):
        kernel = installation.open()
        record = PoolRecord("red", str(pool["uri"]), 1, "", pool.get("options", {}))
        kernel.services.control.put_pool(record)
        list(kernel.upgrade())
        service = Service(kernel)
        yield service


def test_a_request_costs_one_call_of_the_driver(service: Service) -> None:
    messages = {"messages": [{"body": number} for number in range(10)]}
    posted = service.ask("POST", f"{QUEUE}/messages", body=messages).document["resources"]
    ids = [path.rpartition("/")[2] for path in posted]
    assert service.costs("POST", f"{QUEUE}/messages", body=messages) == ["post_messages"]
    assert service.costs("GET", f"{QUEUE}/messages", "echo=true") == ["list_messages"]
    assert service.costs("GET", f"{QUEUE}/messages", f"ids={ids[0]},{ids[1]}") == ["get_messages"]
    assert service.costs("GET", f"{QUEUE}/messages/{ids[0]}") == ["get_messages"]
    assert service.costs("DELETE", f"{QUEUE}/messages/{ids[0]}") == ["delete_message"]
    assert service.costs("POST", f"{QUEUE}/claims", "limit=3") == ["create_claim"]
    claim = service.ask("POST", f"{QUEUE}/claims", "limit=3").headers["location"]
    claim_id, held = claim.rpartition("/")[2], ids[4]
    assert service.costs("GET", claim) == ["get_claim"]
    assert service.costs("PATCH", claim, body={"ttl": 90}) == ["renew_claim"]
    under = f"claim_id={claim_id}"
    assert service.costs("DELETE", f"{QUEUE}/messages/{held}", under) == ["delete_message"]
    assert service.costs("DELETE", claim) == ["release_claim"]
    assert service.costs("DELETE", f"{QUEUE}/messages", "pop=2") == ["pop_messages"]
    assert service.costs("GET", f"{QUEUE}/stats") == ["get_stats"]
