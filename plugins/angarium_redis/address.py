"""The uri of a store: three forms and their options (contract, ``configuration.md`` 2.11)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from angarium.errors import StartError

SCHEMES: Final = frozenset({"redis", "rediss", "redis-cluster", "rediss-cluster"})
SERVER_PORT: Final = 6379
SENTINEL_PORT: Final = 26379

Node = tuple[str, int]
"""Host and port; a UNIX socket is its path and port 0."""


@dataclass(frozen=True, slots=True)
class Address:
    """What a uri says.

    :ivar nodes: the server, the sentinels, or some nodes of the cluster.
    :ivar master: the name that the sentinels know it by, or None.
    :ivar socket_timeout: seconds.
    :ivar options: what the query says beside, by name: options of the driver.
    """

    nodes: tuple[Node, ...]
    is_cluster: bool = False
    is_tls: bool = False
    username: str | None = None
    password: str | None = None
    master: str | None = None
    sentinel_username: str | None = None
    sentinel_password: str | None = None
    socket_timeout: float = 5.0
    database: int = 0
    tls_ca_file: str | None = None
    options: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """For people: no user, no password."""
        return ",".join(host if port == 0 else f"{host}:{port}" for host, port in self.nodes)


class _Refused(Exception):
    """The rule that a uri breaks."""


def parse(uri: str, source: str, driver_options: frozenset[str] = frozenset()) -> Address:
    """Read a uri.

    :param source: the option that holds it, for the operator.
    :param driver_options: names of options of the driver that the query may carry too.
    :raises StartError: it is none of ours; names ``source`` and the rule, never the uri.
    """
    try:
        return _parse(uri, driver_options)
    except _Refused as refused:
        raise StartError(f"{source}: {refused}") from None


def _parse(uri: str, driver_options: frozenset[str]) -> Address:
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme not in SCHEMES:
        raise _Refused(f"the scheme has to be one of {', '.join(sorted(SCHEMES))}")
    rest, _, query_text = rest.partition("?")
    location, slash, path = rest.partition("/")
    query = _read_query(query_text, driver_options)
    credentials, _, hosts = location.rpartition("@")
    username, password = _read_credentials(credentials) if credentials else (None, None)
    is_cluster = scheme.endswith("-cluster")
    master = query.pop("master", None)
    nodes = _read_nodes(hosts, slash + path, is_cluster=is_cluster, master=master)
    database = query.pop("dbid", 0)
    if is_cluster and database:
        raise _Refused("a cluster has no database but 0 (dbid)")
    return Address(
        nodes=nodes,
        is_cluster=is_cluster,
        is_tls=scheme.startswith("rediss"),
        username=username,
        password=password,
        master=master,
        sentinel_username=query.pop("sentinel_username", None),
        sentinel_password=query.pop("sentinel_password", None),
        socket_timeout=query.pop("socket_timeout", 5.0),
        database=database,
        tls_ca_file=query.pop("tls_ca_file", None),
        options=tuple(query.items()),
    )


def _read_credentials(text: str) -> tuple[str | None, str]:
    username, colon, password = text.partition(":")
    if not colon:
        raise _Refused("a user name needs a password: user:password@, or :password@ without a user")
    if not password:
        raise _Refused("the password before the @ is empty")
    return unquote(username) or None, unquote(password)


def _read_nodes(hosts: str, path: str, *, is_cluster: bool, master: str | None) -> tuple[Node, ...]:
    path = unquote(path)
    if not hosts:
        return (_socket(path, is_cluster=is_cluster, master=master),)
    if path not in ("", "/"):
        raise _Refused("a path after a host has no meaning (the database number is dbid)")
    default = SERVER_PORT if master is None else SENTINEL_PORT
    nodes = tuple(_read_node(text, default) for text in hosts.split(","))
    if is_cluster and master is not None:
        raise _Refused("a cluster has no master name: it is either Sentinel or Cluster")
    if len(nodes) > 1 and master is None and not is_cluster:
        raise _Refused("a list of hosts needs the name of the master: ?master=<name>")
    return nodes


def _socket(path: str, *, is_cluster: bool, master: str | None) -> Node:
    if path in ("", "/"):
        raise _Refused("it names neither a host nor the path of a UNIX socket")
    if is_cluster or master is not None:
        raise _Refused("a UNIX socket leads to one server, not to a cluster or a sentinel")
    return path, 0


def _read_node(text: str, default_port: int) -> Node:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise _Refused("an IPv6 address stands in brackets: [::1]:6379")
        colon, port = rest[:1], rest[1:]
    else:
        host, colon, port = text.partition(":")
    if not host:
        raise _Refused("a host is empty")
    return unquote(host), _read_port(port) if colon else default_port


def _read_port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536):
        raise _Refused("a port is a number from 1 to 65535")
    return int(text)


def _read_query(text: str, driver_options: frozenset[str]) -> dict[str, Any]:
    query: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name not in _QUERY and name not in driver_options:
            known = ", ".join(sorted({*_QUERY, *driver_options}))
            raise _Refused(f"the query knows no option {name!r}; it knows {known}")
        if name in query:
            raise _Refused(f"the query gives {name} twice")
        query[name] = _QUERY.get(name, str)(value)
    return query


def _read_timeout(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise _Refused("socket_timeout is a number of seconds above 0")
    return seconds


def _read_database(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise _Refused("dbid is a whole number")
    return int(text)


def _read_text(text: str) -> str:
    if not text:
        raise _Refused("an option of the query is empty")
    return text


_QUERY: Final[Mapping[str, Callable[[str], Any]]] = {
    "master": _read_text,
    "socket_timeout": _read_timeout,
    "dbid": _read_database,
    "sentinel_username": _read_text,
    "sentinel_password": _read_text,
    "tls_ca_file": _read_text,
}
