"""Flavors of a project; their pools are those that are tagged with their name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, insert, select
from sqlalchemy import delete as delete_from

from angarium.errors import PoolDoesNotExist
from angarium_sql.management import epochs, pools
from angarium_sql.session import Session
from angarium_sql.statements import Statement
from angarium_sql.tables import decode, encode, flavors

_OF_PROJECT: Final = flavors.c.project == bindparam("project")
_NAMED: Final = flavors.c.name == bindparam("name")
_FLAVOR: Final = Statement(select(flavors.c.name).where(_OF_PROJECT, _NAMED))
_ANY_NAMED: Final = Statement(select(flavors.c.project).where(_NAMED).limit(1))
_PAGE: Final = Statement(
    select(flavors.c.name)
    .where(_OF_PROJECT, flavors.c.name > bindparam("marker"))
    .order_by(flavors.c.name)
    .limit(bindparam("limit"))
)
_INSERT: Final = Statement(insert(flavors).inline())
_DELETE: Final = Statement(delete_from(flavors).where(_OF_PROJECT, _NAMED))


def exists(session: Session, project: str, name: str) -> bool:
    """Whether a project has a flavor."""
    return session.first(_FLAVOR, _key(project, name)) is not None


def page(session: Session, project: str, marker: str, limit: int) -> list[str]:
    """Names of flavors after ``marker``, by name."""
    values = {"project": encode(project), "marker": encode(marker), "limit": limit}
    return [decode(row.name) for row in session.rows(_PAGE, values)]


def put(session: Session, project: str, name: str, wanted: Sequence[str]) -> None:
    """Create a flavor or replace it; exactly the wanted pools are tagged with its name then."""
    epochs.lock(session)
    for absent in pools.missing(session, wanted):
        raise PoolDoesNotExist(absent)
    if not exists(session, project, name):
        session.run(_INSERT, _key(project, name))
    pools.retag(session, name, wanted)


def delete(session: Session, project: str, name: str) -> None:
    """Delete a flavor; its pools lose their tag if no other project has a flavor of the name."""
    epochs.lock(session)
    key = _key(project, name)
    if session.run(_DELETE, key) and session.first(_ANY_NAMED, key) is None:
        pools.retag(session, name, ())


def _key(project: str, name: str) -> dict[str, bytes]:
    return {"project": encode(project), "name": encode(name)}
