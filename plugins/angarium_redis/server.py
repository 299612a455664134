"""What a server has to be: looked at once, before the service starts or a pool is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from redis.exceptions import RedisError, ResponseError

from angarium.errors import StartError
from angarium_redis.address import Node
from angarium_redis.client import Client
from angarium_redis.failures import Failed, code_of, describe
from angarium_redis.keys import pack
from angarium_redis.scripts import load

_OLDEST: Final = (6, 2)
_INFO: Final = b"*1\r\n" + pack(b"INFO")
_PROBE: Final = load("probe", changes=False)
_NUMBER: Final = re.compile(r"(\d+)\.(\d+)")


def check(client: Client, source: str, prefix: bytes, *, durability: bool) -> None:
    """Look whether every server suits.

    :param source: the option that says where it is, for the operator.
    :param durability: whether the operator asserts it.
    :raises StartError: a server does not suit; says what the operator has to do.
    :raises Failed: it does not answer.
    """
    place = f"{source}: Redis at {client.address.name}"
    try:
        for node in client.nodes():
            where = f"{source}: Redis at {_name(node)}"
            info = client.ask(node, [_INFO])[0]
            if isinstance(info, Exception):
                raise StartError(f"{where} refuses INFO: {describe(info)}") from info
            facts = _facts(info)
            check_kind(facts, where, is_cluster=client.address.is_cluster)
            _check_keeping(facts, where, durability=durability)
        _check_rights(client, place, prefix)
    except Failed as failed:
        if failed.is_passing:
            raise
        raise StartError(f"{place} {_refusal_of(failed)}") from failed


def _refusal_of(failed: Failed) -> str:
    if failed.code in {"NOAUTH", "WRONGPASS"}:
        return f"refuses the log-in: {failed}"
    if "cluster support disabled" in str(failed):
        return "is no node of a cluster: use redis:// for it"
    return f"refuses what the service needs: {failed}"


def _name(node: Node) -> str:
    host, port = node
    return f"{host}:{port}" if port else host


def _facts(info: bytes) -> Mapping[str, str]:
    lines = (line.partition(":") for line in info.decode(errors="replace").splitlines())
    return {name: value for name, colon, value in lines if colon}


def check_kind(facts: Mapping[str, str], where: str, *, is_cluster: bool) -> None:
    """Look at version, cluster mode and role.

    :param facts: what INFO says.
    :param where: the server, for the operator.
    :raises StartError: one of them does not suit.
    """
    version = facts.get("redis_version", "")
    found = _NUMBER.match(version)
    if not found or (int(found[1]), int(found[2])) < _OLDEST:
        raise StartError(f"{where} is version {version or 'unknown'}, and 6.2 is the oldest to use")
    has_slots = facts.get("cluster_enabled") == "1"
    if has_slots and not is_cluster:
        raise StartError(f"{where} is a node of a cluster: use redis-cluster:// for it")
    if is_cluster and not has_slots:
        raise StartError(f"{where} is no node of a cluster: use redis:// for it")
    if facts.get("role") == "slave":
        raise StartError(f"{where} is a replica, which cannot be written to: name its master")


def _check_keeping(facts: Mapping[str, str], where: str, *, durability: bool) -> None:
    policy = facts.get("maxmemory_policy", "noeviction")
    if policy.startswith("allkeys"):
        raise StartError(
            f"{where} throws data away when its memory is full (maxmemory-policy {policy}): "
            "set it to noeviction"
        )
    if durability and facts.get("aof_enabled") != "1":
        raise StartError(
            f"{where} writes no append-only file, so the option durability cannot be true: set "
            "appendonly to yes there, or durability to false here"
        )


def _check_rights(client: Client, where: str, prefix: bytes) -> None:
    """Have a script try every command that ours use, on a key of ours."""
    key = b"%b:{000}:probe" % prefix
    packed = pack(b"1") + pack(key)
    slot = 0
    refusal = _refusal(client, slot, packed)
    if refusal is not None:
        raise StartError(f"{where} refuses what the service needs: {describe(refusal)}")


def _refusal(client: Client, slot: int, packed: bytes) -> Exception | None:
    command = b"*4\r\n" + _PROBE.eval + packed
    answer: Any = client.ask(client.node_of(slot), [command])[0]
    if isinstance(answer, bytes):
        return RedisError(answer.decode(errors="replace"))
    if isinstance(answer, ResponseError) and code_of(answer) != "MOVED":
        return answer
    return None
