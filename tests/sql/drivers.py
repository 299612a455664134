"""Drivers as the tests open and use them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from oslo_config import cfg

from angarium.clock import Clock
from angarium.config import options as kernel_options
from angarium.ids import new_claim_id, new_message_id
from angarium.storage import operations as op
from angarium.storage.deliveries import NewNotice
from angarium.storage.driver import StoreEnvironment
from angarium.storage.models import Message, NewMessage, QueueRef, Scope
from angarium_sql import options
from angarium_sql.base import SqlDriver
from angarium_sql.control import SqlControlDriver
from angarium_sql.data import SqlDataDriver

_epochs = itertools.count(1)


class Drivers:
    """Opens drivers that share one clock and one state directory."""

    def __init__(self, state_path: Path) -> None:
        self.state_path = state_path
        self.clock = Clock()
        self._opened: list[SqlDriver] = []

    def data(self, uri: str | None = None, **values: Any) -> SqlDataDriver:
        """A message store, its options set to ``values``; contacts nothing."""
        driver = SqlDataDriver(self._environment(options.MESSAGE_STORE, uri, values))
        self._opened.append(driver)
        return driver

    def pool(self, uri: str, own: Mapping[str, Any] | None = None) -> SqlDataDriver:
        """A message store as that of a pool which has these options; contacts nothing."""
        environment = self._environment(options.MESSAGE_STORE, None, {})
        driver = SqlDataDriver(replace(environment, uri=uri, options=own or {}))
        self._opened.append(driver)
        return driver

    def control(self, uri: str | None = None, **values: Any) -> SqlControlDriver:
        """A management store, its options set to ``values``; contacts nothing."""
        driver = SqlControlDriver(self._environment(options.MANAGEMENT_STORE, uri, values))
        self._opened.append(driver)
        return driver

    def close(self) -> None:
        """Close them all."""
        for driver in self._opened:
            driver.close()

    def _environment(self, group: str, uri: str | None, values: dict[str, Any]) -> StoreEnvironment:
        conf = cfg.ConfigOpts()
        kernel_options.register(conf)
        conf.register_opts(options.options_of(group), group=group)
        conf([], default_config_files=[], default_config_dirs=[])
        conf.set_override("state_path", str(self.state_path))
        for name, value in {"uri": uri, **values}.items():
            conf.set_override(name, value, group=group)
        return StoreEnvironment(conf, self.clock)


def new_queue(driver: SqlDataDriver, name: str = "orders") -> QueueRef:
    """A queue of its own."""
    epoch = next(_epochs)
    queue = QueueRef(Scope(f"project-{epoch}", name), epoch)
    driver.register(queue)
    return queue


def post(driver: SqlDataDriver, queue: QueueRef, count: int = 1, ttl: int = 3600) -> list[str]:
    """Post a batch; returns the ids."""
    batch = tuple(NewMessage(new_message_id(), b'{"a": 1}', ttl) for _ in range(count))
    driver.post_messages(queue, op.PostMessages(batch, "client"))
    return [message.id for message in batch]


def announce(driver: SqlDataDriver, queue: QueueRef, count: int = 1) -> str:
    """Post a batch with a notice; returns the id of the notice."""
    batch = tuple(NewMessage(new_message_id(), b"1", 3600) for _ in range(count))
    notice = NewNotice(new_message_id(), b"payload")
    driver.post_messages(queue, op.PostMessages(batch, "client", notice))
    return notice.id


def listed(driver: SqlDataDriver, queue: QueueRef) -> list[str]:
    """The ids of the available messages; of the first 20."""
    page = driver.list_messages(queue, op.ListMessages(20))
    return [message.id for message in page.messages]


def claim(
    driver: SqlDataDriver, queue: QueueRef, limit: int = 20, ttl: int = 300
) -> tuple[str, tuple[Message, ...]]:
    """Claim; returns the id and the messages."""
    claim_id = new_claim_id()
    operation = op.CreateClaim(claim_id, ttl, grace=60, limit=limit)
    return claim_id, driver.create_claim(queue, operation)
