"""The forms of the uri, and what is refused (contract, ``configuration.md`` 2.11)."""

from __future__ import annotations

from typing import Any

import pytest

from angarium.errors import StartError
from angarium_redis.address import Address, parse
from tests.redis.conftest import Drivers

SOURCE = "[drivers:message_store:redis] uri"

FORMS: dict[str, dict[str, Any]] = {
    "redis://127.0.0.1": {"nodes": (("127.0.0.1", 6379),)},
    "redis://redis.example.net:7000/": {"nodes": (("redis.example.net", 7000),)},
    "redis://[::1]:7000": {"nodes": (("::1", 7000),)},
    "redis://:pass%40word@one": {"nodes": (("one", 6379),), "password": "pass@word"},
    "redis://me:pa:ss@one?dbid=3&socket_timeout=0.5": {
        "nodes": (("one", 6379),),
        "username": "me",
        "password": "pa:ss",
        "database": 3,
        "socket_timeout": 0.5,
    },
    "rediss://one?tls_ca_file=/etc/ca.pem": {
        "nodes": (("one", 6379),),
        "is_tls": True,
        "tls_ca_file": "/etc/ca.pem",
    },
    "redis://one,two:5000?master=relay": {
        "nodes": (("one", 26379), ("two", 5000)),
        "master": "relay",
    },
    "redis://me:pw@one?master=relay&sentinel_username=s&sentinel_password=t": {
        "nodes": (("one", 26379),),
        "master": "relay",
        "username": "me",
        "password": "pw",
        "sentinel_username": "s",
        "sentinel_password": "t",
    },
    "redis:///run/redis.sock": {"nodes": (("/run/redis.sock", 0),)},
    "redis://me:pw@/run/redis.sock?dbid=1": {
        "nodes": (("/run/redis.sock", 0),),
        "username": "me",
        "password": "pw",
        "database": 1,
    },
    "redis-cluster://one,two:7000": {
        "nodes": (("one", 6379), ("two", 7000)),
        "is_cluster": True,
    },
    "rediss-cluster://one": {"nodes": (("one", 6379),), "is_cluster": True, "is_tls": True},
}

REFUSED = {
    "http://one": "the scheme has to be one of",
    "redis:one": "the scheme has to be one of",
    "redis://one,two": "needs the name of the master",
    "redis://one:port": "a port is a number",
    "redis://one:0": "a port is a number",
    "redis://one:70000": "a port is a number",
    "redis://one:": "a port is a number",
    "redis://": "neither a host nor the path",
    "redis:///": "neither a host nor the path",
    "redis://?dbid=1": "neither a host nor the path",
    "redis://me@one": "a user name needs a password",
    "redis://me:@one": "the password before the @ is empty",
    "redis://me@/run/redis.sock": "a user name needs a password",
    "redis://one,?master=relay": "a host is empty",
    "redis://one?master=": "is empty",
    "redis://one?socket_timeout=soon": "socket_timeout is a number",
    "redis://one?socket_timeout=0": "socket_timeout is a number",
    "redis://one?dbid=-1": "dbid is a whole number",
    "redis://one?dbid=1&dbid=2": "gives dbid twice",
    "redis://one?colour=red": "knows no option 'colour'",
    "redis://one/3": "a path after a host has no meaning",
    "redis:///run/redis.sock?master=relay": "a UNIX socket leads to one server",
    "redis-cluster:///run/redis.sock": "a UNIX socket leads to one server",
    "redis-cluster://one?dbid=1": "no database but 0",
    "redis-cluster://one?master=relay": "no master name",
    "redis://[::1": "an IPv6 address stands in brackets",
}


@pytest.mark.parametrize("uri", FORMS)
def test_form_is_understood(uri: str) -> None:
    assert parse(uri, SOURCE) == Address(**FORMS[uri])


@pytest.mark.parametrize("uri", REFUSED)
def test_others_are_refused(uri: str) -> None:
    with pytest.raises(StartError) as refusal:
        parse(uri, SOURCE)
    assert str(refusal.value).startswith(f"{SOURCE}: ")
    assert REFUSED[uri] in str(refusal.value)


def test_refusal_repeats_no_password() -> None:
    with pytest.raises(StartError) as refusal:
        parse("redis://me:pa55word@one:port", SOURCE)
    assert "pa55word" not in str(refusal.value)


def test_name_has_no_password() -> None:
    assert parse("redis://me:pa55@one,two:1?master=relay", SOURCE).name == "one:26379,two:1"


def test_query_sets_options_of_the_driver(drivers: Drivers) -> None:
    driver = drivers.data("redis://one?key_prefix=mine&wait_replicas=2&durability=true")
    assert (driver.prefix, driver.options.wait_replicas, driver.is_durable) == (b"mine", 2, True)


@pytest.mark.parametrize(
    ("query", "named"),
    [("wait_replicas=many", "wait_replicas"), ("key_prefix=a b", "key_prefix"), ("uri=x", "uri")],
)
def test_wrong_option_of_the_query_is_refused(drivers: Drivers, query: str, named: str) -> None:
    with pytest.raises(StartError, match=f"the uri of a pool: .*{named}"):
        drivers.data(f"redis://one?{query}")
