"""What all cases of the control suite are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from angarium.storage.driver import ControlDriver
from angarium.storage.models import (
    Kind,
    PoolRecord,
    QueueFilter,
    QueueRecord,
    QueueState,
    Scope,
)
from angarium.testing.factory import DriverFactory
from angarium.testing.queues import new_project
from angarium.testing.traits import Suite


def new_name() -> str:
    """A name of a pool or flavor that nobody used yet: they are seen from all projects."""
    return f"n-{new_project()}"


class ControlCases(Suite):
    """The base of the cases: each works in projects of its own, on a store that all share."""

    @pytest.fixture(scope="class")
    @classmethod
    def factory(cls) -> DriverFactory[ControlDriver]:
        """How to open the driver under test; the author's part, of scope class or wider."""
        raise NotImplementedError("define the fixture 'factory' in your subclass of the suite")

    @pytest.fixture(scope="class")
    @classmethod
    def driver(cls, factory: DriverFactory[ControlDriver]) -> Iterator[ControlDriver]:
        """A driver that is ready to serve."""
        opened = factory.open()
        opened.upgrade()
        opened.prepare()
        yield opened
        opened.close()

    @pytest.fixture
    def scope(self) -> Scope:
        """A queue that does not exist."""
        return Scope(new_project(), "orders")

    @staticmethod
    def published(
        driver: ControlDriver,
        scope: Scope | None = None,
        metadata: Mapping[str, Any] | None = None,
        pool: str = "",
    ) -> QueueRecord:
        """Create a queue to the end; its record."""
        wanted = scope or Scope(new_project(), "orders")
        record, created = driver.create_queue(wanted, metadata or {}, pool)
        assert created
        driver.publish(record.ref)
        return replace(record, state=QueueState.PUBLISHED)

    @staticmethod
    def new_pool(driver: ControlDriver, name: str = "", *, flavor: str = "") -> PoolRecord:
        """Create a pool that nobody else uses; pools belong to no project."""
        wanted = name or new_name()
        pool = PoolRecord(wanted, f"memory://{wanted}", 1, flavor)
        driver.put_pool(pool)
        return pool

    @staticmethod
    def stored(driver: ControlDriver, scope: Scope) -> QueueRecord:
        """The record of a queue; it has to be there."""
        record = driver.get_queue(scope)
        assert record is not None
        return record

    @staticmethod
    def listed(
        driver: ControlDriver,
        project: str,
        *,
        kind: Kind = Kind.QUEUE,
        marker: str = "",
        limit: int = 1000,
        select: QueueFilter | None = None,
    ) -> list[str]:
        """The names that a listing gives."""
        records = driver.list_queues(
            project, kind, marker=marker, limit=limit, select=select or QueueFilter()
        )
        assert all((it.scope.project, it.scope.kind) == (project, kind) for it in records)
        return [record.scope.name for record in records]
