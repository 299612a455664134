"""Database URLs: read, checked, and shown without their passwords."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from angarium.errors import StartError

# What may stand before "://", and the dialect and DBAPI module that it means.
_DIALECTS: Final = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mysql+pymysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "mariadb+pymysql": "mysql+pymysql",
}
_MODULES: Final = {
    "postgresql+psycopg": ("psycopg", "postgresql"),
    "mysql+pymysql": ("pymysql", "mysql"),
}
SCHEMES: Final = frozenset(_DIALECTS)


def parse(uri: str, option: str) -> URL:
    """Read a database URL.

    :param option: the option that holds it, for the error.
    :raises StartError: it cannot be used; the text never contains a password.
    """
    try:
        url = make_url(uri)
    except (ArgumentError, ValueError):
        raise StartError(
            f"{option} is not a database URL. Write it as sqlite:////var/lib/angarium/angarium.db "
            "or postgresql://user:password@host/database; characters such as @ or / in a "
            "password are written as %40 and %2F."
        ) from None
    drivername = _DIALECTS.get(url.drivername)
    if drivername is None:
        raise StartError(
            f"{option} asks for {url.drivername!r}, which this driver does not know; it knows "
            f"{', '.join(sorted(SCHEMES))}."
        )
    _require_module(drivername, option)
    url = url.set(drivername=drivername)
    return _file_url(url, option) if drivername == "sqlite" else url


def for_file(path: Path) -> URL:
    """The URL of an SQLite file."""
    return URL.create("sqlite", database=str(path.absolute()))


def _require_module(drivername: str, option: str) -> None:
    if drivername not in _MODULES:
        return
    module, extra = _MODULES[drivername]
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise StartError(
            f"{option} needs the Python module {module!r}, which cannot be imported ({error}): "
            f"pip install 'angarium[{extra}]'."
        ) from error


def _file_url(url: URL, option: str) -> URL:
    name = url.database or ""
    if name in {"", ":memory:"} or "memory" in url.query.get("mode", ""):
        raise StartError(
            f"{option} names an SQLite database in memory, which the worker processes could not "
            "share; give it a file, as in sqlite:////var/lib/angarium/angarium.db."
        )
    if name.startswith("file:"):
        raise StartError(f"{option} must name the SQLite file by its plain path, not by 'file:'.")
    return for_file(Path(name))
