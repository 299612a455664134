"""``angarium-manage deliveries``: what is owed to subscribers, what became of it, and once more."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import click

from angarium import kernel, logs
from angarium.cli import common
from angarium.errors import StartError
from angarium.notifications import notice as payloads
from angarium.notifications.duties import DutyState
from angarium.storage.deliveries import DutyStatus, ListedDuty
from angarium.storage.driver import DataDriver

_PAGE: Final = 100
_BESIDE_A_SERVER: Final = 3  # processes that use the stores: those of a server, and this one
_TITLES: Final = (
    "ID",
    "PROJECT",
    "QUEUE",
    "SUBSCRIPTION",
    "SUBSCRIBER",
    "STATUS",
    "MESSAGES",
    "ATTEMPTS",
    "AGE",
    "DUE",
    "REASON",
)


@click.group()
def deliveries() -> None:
    """Deliveries to subscribers: one for each subscription and posted batch."""


@deliveries.command("list")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([status.value for status in DutyStatus]),
    help="Only deliveries of this status; may be repeated.",
)
@click.option("--project", help="Only those of this project.")
@click.option("--queue", help="Only those of queues or topics of this name.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="At most.")
@click.pass_obj
def deliveries_list(
    arguments: list[str],
    statuses: tuple[str, ...],
    project: str | None,
    queue: str | None,
    limit: int,
) -> None:
    """List deliveries that are pending, were given up, or have lately succeeded.

    AGE is that of the message, DUE the time until the next attempt, both in seconds. ATTEMPTS are
    those of the message that was tried most often and has not been delivered.
    """
    with _stores(arguments) as stores:
        found: list[ListedDuty] = []
        for _, duty in _duties(stores, [DutyStatus(it) for it in statuses] or [*DutyStatus]):
            if project not in (None, duty.scope.project) or queue not in (None, duty.scope.name):
                continue
            if len(found) == limit:
                click.echo(f"There are more than {limit}; --limit shows more.", err=True)
                break
            found.append(duty)
    if found:
        click.echo(common.table(_TITLES, map(_row, found)))
    else:
        click.echo("There are none.")


@deliveries.command("replay")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.pass_obj
def deliveries_replay(arguments: list[str], ids: tuple[str, ...]) -> None:
    """Make deliveries again, at once: what was given up, or all of one that succeeded.

    Pending ones no longer wait. Exits with 1 if one of them cannot be replayed.
    """
    with _stores(arguments) as stores:
        wanted = {id_: _Found() for id_ in ids}
        for driver, duty in _duties(stores, [*DutyStatus]):
            if (place := wanted.get(identify(duty))) is not None:
                place.driver, place.duty = driver, duty
        failures = [id_ for id_, it in wanted.items() if not it.replay(id_)]
    if failures:
        raise SystemExit(1)


@dataclass
class _Found:
    """Where a duty is that was asked for."""

    driver: DataDriver | None = None
    duty: ListedDuty | None = None

    def replay(self, id_: str) -> bool:
        driver, duty = self.driver, self.duty
        if driver is not None and duty is not None:
            state = DutyState.decode(duty.state).replayed()
            if driver.replay_duty(duty.scope, duty.subscription_id, duty.notice_id, state.encode()):
                click.echo(f"{id_}: is delivered again")
                return True
        click.echo(
            f"{id_}: there is no such delivery (any more); `deliveries list` shows all", err=True
        )
        return False


def identify(duty: ListedDuty) -> str:
    """A short name for a duty."""
    scope = duty.scope
    full = (scope.project, scope.kind, scope.name, duty.notice_id, duty.subscription_id)
    return hashlib.sha256("\n".join(full).encode()).hexdigest()[:12]


def _row(duty: ListedDuty) -> tuple[str, ...]:
    state = DutyState.decode(duty.state)
    announcement = payloads.decode(duty.payload)
    total = len(announcement.messages) or 1
    failed = [
        *((it.attempts, it.reason) for it in state.lost.values()),
        *((it.attempts, it.reason) for it in state.waiting.values()),
    ]
    return (
        identify(duty),
        duty.scope.project or "-",
        duty.scope.name,
        duty.subscription_id,
        _shown(state.recipient.subscriber),
        duty.status.value,
        str(total if state.picked is None else len(state.picked)),
        str(max((attempts for attempts, _ in failed), default=0)),
        str(duty.age),
        str(duty.due) if duty.status is DutyStatus.PENDING else "-",
        failed[0][1] if failed else "-",
    )


def _shown(subscriber: str) -> str:
    """An address without what may be a credential: user, password, parameters."""
    try:
        parts = urlsplit(subscriber)
    except ValueError:
        return "…"
    if not parts.netloc:
        return f"{parts.scheme}:{parts.path}"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _duties(
    stores: Mapping[str, DataDriver], statuses: list[DutyStatus]
) -> Iterator[tuple[DataDriver, ListedDuty]]:
    for driver in stores.values():
        for status in statuses:
            marker = None
            while True:
                page = driver.list_duties(status, marker, _PAGE)
                yield from ((driver, duty) for duty in page.duties)
                marker = page.marker
                if marker is None:
                    break


@contextmanager
def _stores(arguments: list[str]) -> Iterator[dict[str, DataDriver]]:
    service = kernel.build(common.load(arguments), processes=_BESIDE_A_SERVER)
    try:
        with logs.explained():
            service.prepare()
            found = service.services.pools.drivers()
            stores = {name: driver for name, driver in found.items() if driver.keeps_notices}
            if not stores:
                raise StartError("no message store here keeps deliveries")
            yield stores
    finally:
        service.close()
