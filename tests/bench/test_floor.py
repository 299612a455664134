"""What a service on Redis is compared with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from angarium_redis.floor import app
from redis import Redis
from tests import stores
from tests.bench import commands
from tests.cli import programs

ServerUri = Callable[[], str]


def keys(uri: str) -> list[bytes | str]:
    return list(Redis.from_url(uri).keys("angarium-floor:*"))


def test_a_post_writes_its_body_and_a_deletion_removes_it(redis: ServerUri) -> None:
    client = app(redis()).test_client()
    for body in (b"one", b"two"):
        assert client.post("/v2/queues/q-1/messages", data=body).status_code == 201
    assert Redis.from_url(redis()).lrange("angarium-floor:q-1", 0, -1) == [b"one", b"two"]
    assert client.delete("/v2/queues/q-1").status_code == 204
    assert keys(redis()) == []


def test_results_are_shares_of_the_floor(redis: ServerUri, tmp_path: Path) -> None:
    uri, path = redis(), tmp_path / "result.json"
    with stores.redis_store(uri) as store:
        driver = {"drivers": {"message_store": "redis"}}
        config = programs.write(tmp_path, driver | {"drivers:message_store:redis": {"uri": store}})
        done = commands.bench(
            "--config-file", config, "--floor", uri, "--workload", "cycle", "--workload", "batch",
            "--batches", "3", "--json", path, "--html", tmp_path / "report.html",
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = {(row["case"], row["target"]): row for row in commands.result(path)["results"]}
    assert list(rows) == [
        ("post", "constant"), ("post", "floor"), ("batch-3", "floor"),
        ("batch-3", "angarium"), ("cycle", "angarium"),
    ]  # fmt: skip
    for case, reference in (("batch-3", "batch-3"), ("cycle", "post")):
        row, base = rows[case, "angarium"], rows[reference, "floor"]
        assert row["share_of_floor"] == pytest.approx(row["requests"] / base["requests"], abs=0.01)
        assert base["share_of_floor"] == 1
    assert "Share of the floor" in (tmp_path / "report.html").read_text()
    assert keys(uri) == []
