"""Which revision of the schema a database has, and how it gets the newest one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from angarium.errors import StartError
from angarium_sql.database import Database

_VERSION_TABLE: Final = "angarium_sql_version"
_LOCK: Final = 0x616E6761  # of PostgreSQL, while one process migrates; any fixed number would do


def upgrade(database: Database) -> str:
    """Bring the schema up to date; several processes may try at once.

    :returns: one sentence on what was done.
    :raises StoreUnreachable: the database failed.
    """
    return database.migrate(lambda connection: _upgrade(database, connection))


def check(database: Database) -> None:
    """Return if the schema is the one that this version works with.

    :raises StartError: it is not; the text says what to run.
    :raises StoreUnreachable: the database does not answer.
    """
    found, wanted = database.migrate(_current), _head()
    if found == wanted:
        return
    if found is None:
        raise StartError(
            f"{database.name} has no tables of Angarium yet: run 'angarium-manage db upgrade'."
        )
    _require_known(database, found)
    raise StartError(
        f"{database.name} has revision {found} of the schema, this version of Angarium works with "
        f"{wanted}: run 'angarium-manage db upgrade'."
    )


def config(connection: Connection | None = None) -> Config:
    """The configuration of Alembic for this package's history."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    made.attributes.update(connection=connection, version_table=_VERSION_TABLE)
    return made


def _upgrade(database: Database, connection: Connection) -> str:
    if database.dialect == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    found, wanted = _current(connection), _head()
    if found == wanted:
        return f"{database.name}: the schema is up to date (revision {wanted})"
    if found is not None:
        _require_known(database, found)
    command.upgrade(config(connection), "head")
    before = "there was none" if found is None else f"it was {found}"
    return f"{database.name}: the schema is now revision {wanted} ({before})"


def _current(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": _VERSION_TABLE})
    return context.get_current_revision()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(config())


def _head() -> str | None:
    return _scripts().get_current_head()


def _require_known(database: Database, revision: str) -> None:
    try:
        _scripts().get_revision(revision)
    except CommandError:
        raise StartError(
            f"{database.name} has revision {revision} of the schema, which this version of "
            "Angarium does not know: a newer version made it. Install that version again."
        ) from None
