"""``angarium-manage pool``: what pools there are, and how to empty one while it is in use."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

import click

from angarium import kernel, logs
from angarium.cli import common
from angarium.errors import (
    ApiError,
    NotOffered,
    PoolDoesNotExist,
    StartError,
)
from angarium.storage.models import PoolRecord, QueueRecord
from angarium.storage.placement import draw
from angarium.storage.schemes import without_secrets

_ROUNDS: Final = 3  # looks at the pool, for queues that others create there meanwhile


@click.group()
def pool() -> None:
    """The pools that queues are spread over."""


@pool.command("list")
@click.pass_obj
def pool_list(arguments: list[str]) -> None:
    """List the pools: name, weight, flavor, queues, and uri without its password."""
    with _service(arguments) as service:
        for each in service.services.pools.each():
            queues = sum(1 for _ in _records(service, each.name))
            flavor = each.flavor or "-"
            click.echo(
                f"{each.name}  weight {each.weight}  flavor {flavor}  queues {queues}  "
                f"{without_secrets(each.uri)}"
            )


@pool.command("drain")
@click.argument("name", metavar="POOL")
@click.option(
    "--to",
    "targets",
    multiple=True,
    metavar="POOL",
    help="Move only to this pool of the same flavor. Any number; all of them by default.",
)
@click.option("--dry-run", is_flag=True, help="Only tell which queues would move.")
@click.pass_obj
def pool_drain(arguments: list[str], name: str, targets: tuple[str, ...], dry_run: bool) -> None:
    """Move all queues of a pool to other pools of its flavor, while they are in use.

    The weight of the pool is set to 0 first, so that it gets no new queues. Queues are spread by
    weight. Messages keep their ids, order, claims and lifetimes; each queue stands still for a
    moment. Safe to stop at any point and to run again. Exits with 1 if a queue is left.
    """
    with _service(arguments) as service:
        drain = _Drain.prepare(service, name, targets)
        if dry_run:
            drain.tell()
        else:
            drain.run()


@dataclass
class _Drain:
    """One run over a pool."""

    service: kernel.Kernel
    source: PoolRecord
    targets: Sequence[PoolRecord]
    moved: int = 0
    messages: int = 0

    @classmethod
    def prepare(cls, service: kernel.Kernel, name: str, wanted: Sequence[str]) -> _Drain:
        """Find the pools.

        :raises StartError: there is no pool to move to.
        """
        control = service.services.control
        source = control.get_pool(name)
        if source is None:
            raise PoolDoesNotExist(name)
        peers = {it.name: it for it in control.find_pools(source.flavor) if it.name != name}
        for each in wanted:
            if each not in peers:
                flavor = f"of flavor {source.flavor!r}" if source.flavor else "without a flavor"
                raise StartError(f"--to {each}: there is no other pool {flavor} of that name")
        if wanted:
            chosen = [peers[each] for each in wanted]
            # Named pools may get queues whatever their weight is.
            targets = chosen if draw(chosen) else [replace(it, weight=1) for it in chosen]
        else:
            targets = [it for it in peers.values() if it.weight > 0]
        if not targets:
            raise StartError(
                f"no other pool of its flavor can take the queues of {name}: add one, give one a "
                "weight above 0, or name one with --to"
            )
        return cls(service, source, targets)

    def tell(self) -> None:
        """Name the queues and where they may go."""
        names = ", ".join(target.name for target in self.targets)
        count = 0
        for record in _records(self.service, self.source.name):
            count += 1
            click.echo(f"{_label(record)} would move")
        click.echo(f"{count} queues would move to {names}")

    def run(self) -> None:
        """Move everything; ends the program with 1 if something is left."""
        if self.source.weight > 0:
            self.service.services.control.put_pool(replace(self.source, weight=0))
            click.echo(f"pool {self.source.name}: weight set to 0, so that it gets no new queues")
        left = self._count()
        for _ in range(_ROUNDS):
            if not left:
                break
            for record in _records(self.service, self.source.name):
                self._move(record)
            left = self._count()
        click.echo(
            f"{self.moved} queues with {self.messages} messages moved, {left} left in "
            f"{self.source.name}"
        )
        if left:
            raise SystemExit(1)

    def _count(self) -> int:
        return sum(1 for _ in _records(self.service, self.source.name))

    def _move(self, record: QueueRecord) -> None:
        target = self._target(record)
        mover = self.service.services.store.catalogue.mover
        started = time.monotonic()
        try:
            move = mover.move(record.scope, self.source.name, target)
        except (ApiError, NotOffered) as error:
            click.echo(f"{_label(record)}: not moved: {error}", err=True)
            return
        if move is not None:
            self.moved += 1
            self.messages += move.messages
            click.echo(
                f"{_label(record)} -> {target}: {move.messages} messages in "
                f"{time.monotonic() - started:.1f} s, stood still for {move.still:.2f} s"
            )

    def _target(self, record: QueueRecord) -> str:
        """Where an earlier run was moving it, or one drawn by weight."""
        if any(target.name == record.target for target in self.targets):
            return str(record.target)
        drawn = draw(self.targets)
        assert drawn is not None, "all of them have a weight"
        return drawn.name


def _records(service: kernel.Kernel, pool_name: str) -> Iterator[QueueRecord]:
    return service.services.store.catalogue.of_pool(pool_name)


def _label(record: QueueRecord) -> str:
    return f"{record.scope.project}/{record.scope.name}"


@contextmanager
def _service(arguments: list[str]) -> Iterator[kernel.Kernel]:
    service = kernel.build(common.load(arguments))
    try:
        with logs.explained():
            service.services.control.prepare()
            _insist_on_pools(service)
            yield service
    finally:
        service.close()


def _insist_on_pools(service: kernel.Kernel) -> None:
    try:
        service.services.control.list_pools(marker="", limit=1)
    except NotOffered as error:
        raise StartError("the management store keeps no pools") from error
