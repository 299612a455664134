"""What both drivers do alike: find their database, get it ready, watch it, give it back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final

from sqlalchemy import literal_column, select
from sqlalchemy.engine import URL

from angarium.errors import StartError
from angarium.storage.driver import Driver, StoreEnvironment
from angarium_sql import address, options, schema
from angarium_sql.database import Database
from angarium_sql.engines import Settings
from angarium_sql.statements import Statement

_SMALLEST: Final = Statement(select(literal_column("1")))


class SqlDriver(Driver):
    """A driver on one database."""

    schemes: ClassVar[frozenset[str]] = address.SCHEMES
    group: ClassVar[str]
    autocommit: ClassVar[bool] = False
    indexed: ClassVar[bool] = False

    def __init__(self, environment: StoreEnvironment) -> None:
        super().__init__(environment)
        self.options = options.settings(environment, self.group)
        own = f"[DEFAULT] state_path or [{self.group}] uri"
        self._place: Final = own if environment.uri is None else "the uri of a pool"
        self.database = Database(self._url(environment), self._settings())

    @property
    def is_durable(self) -> bool:
        """Whether a commit survives the crash of the machine."""
        return True

    def prepare(self) -> None:
        """Make an SQLite file with its schema; on a server only look whether the schema fits."""
        if self.database.dialect == "sqlite":
            self.upgrade()
        else:
            schema.check(self.database)

    def upgrade(self) -> str:
        """Bring the schema up to date."""
        if self.database.dialect == "sqlite":
            self._make_directory()
            self.database.use_write_ahead_log()
        settings = replace(self._settings(), autocommit=False, answer_timeout=None)
        transactional = Database(self.database.url, settings)
        try:
            return schema.upgrade(transactional)
        finally:
            transactional.close()

    def ping(self) -> None:
        """Ask the database for the smallest thing."""
        self.database.read(lambda session: session.scalar(_SMALLEST, {}))

    def close(self) -> None:
        """Close the connections of this process."""
        self.database.close()

    def _settings(self) -> Settings:
        return Settings(
            pool_size=self.options.pool_size,
            pool_timeout=self.options.pool_timeout,
            connect_timeout=self.options.connect_timeout,
            answer_timeout=self.options.answer_timeout,
            durable=self.is_durable,
            autocommit=self.autocommit,
            indexed=self.indexed,
        )

    def _url(self, environment: StoreEnvironment) -> URL:
        if environment.uri is not None:
            return address.parse(environment.uri, self._place)
        if self.options.uri:
            return address.parse(self.options.uri, f"[{self.group}] uri")
        state_path: Any = environment.conf.state_path
        return address.for_file(Path(state_path) / "angarium.db")

    def _make_directory(self) -> None:
        directory = Path(self.database.url.database or "").parent
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(
                f"The directory {directory} of the SQLite database cannot be made: "
                f"{error.strerror}. Set {self._place} to a place that the service may write to."
            ) from error
