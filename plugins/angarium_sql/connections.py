"""Connections of a pool, with every failure raised as an error of SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Engine, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError


@contextmanager
def take(engine: Engine) -> Iterator[PoolProxiedConnection]:
    """A connection; what is raised while it is held ends its transaction without a trace.

    :raises SQLAlchemyError: the database failed, or there was no connection.
    """
    with translated(engine, None):
        connection = engine.raw_connection()
    try:
        with translated(engine, connection):
            yield connection
    except BaseException:
        with suppress(Exception):  # the connection may be gone, and the transaction with it
            connection.rollback()
        raise
    finally:
        connection.close()


@contextmanager
def translated(engine: Engine, connection: PoolProxiedConnection | None) -> Iterator[None]:
    """Raise errors of the DBAPI as those of SQLAlchemy; a lost connection takes the pool with it.

    :param connection: the one in use, or None while connecting.
    """
    dialect = engine.dialect
    try:
        yield
    except dialect.loaded_dbapi.Error as error:
        is_lost = connection is not None and (
            not connection.is_valid
            or dialect.is_disconnect(error, connection.dbapi_connection, None)
        )
        if connection is not None and is_lost:
            connection.invalidate(error)
            engine.dispose()  # the server has most likely dropped the others too
        raise DBAPIError.instance(
            None,
            None,
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=is_lost,
            dialect=dialect,
        ) from error
