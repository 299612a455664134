"""The delivery process of a running server: killed, stopped, alone, and looked into."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from angarium import config, kernel
from angarium.clock import SharedClock
from angarium.ids import new_subscription_id
from angarium.storage.models import NewSubscription, Scope
from angarium.testing.effort import scaled
from tests.notifications.world import wait_until
from tests.notifiers.receiver import Receiver, answer, receiving
from tests.servers import Server, ServerPark

HEADERS = {
    "Client-ID": "3381af92-2b9e-11e3-b191-71861300734c",
    "X-Project-Id": "p",
    "Content-Type": "application/json",
}
LOCAL = {
    "notification": {"subscriber_allow_networks": "127.0.0.0/8", "max_notifier_workers": 4},
    "storage": {"reclaim_interval": 3600},
}
LEASE = 400  # seconds, and more

pytestmark = pytest.mark.timeout(600)


class Site:
    """A server that delivers, its clock, and a subscriber."""

    def __init__(self, park: ServerPark, server: Server) -> None:
        self.park = park
        self.server = server
        self.posted: list[str] = []

    def subscribe(self, url: str, **options: object) -> None:
        conf = config.load(["--config-file", str(self.server.config_file)])
        service = kernel.build(conf, SharedClock(self.park.clock.path))
        new = NewSubscription(Scope("p", "q"), new_subscription_id(), url, 10**7, options)
        service.services.store.catalogue.subscribe(new)
        service.close()

    def post(self, *bodies: str) -> None:
        """Post, and remember what was acknowledged."""
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=30)
        document = {"messages": [{"body": body} for body in bodies]}
        try:
            connection.request("POST", "/v2/queues/q/messages", json.dumps(document), HEADERS)
            if connection.getresponse().status == 201:
                self.posted += bodies
        finally:
            connection.close()

    def deliverers(self) -> list[int]:
        """The processes that deliver or did, as the log says."""
        found = re.findall(r"^\S+ \S+ (\d+) INFO .* delivering to subs", self.server.log, re.M)
        return [int(pid) for pid in found]

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``angarium-manage deliveries``."""
        command = Path(sys.executable).parent / "angarium-manage"
        return subprocess.run(
            [command, "--config-file", self.server.config_file, "deliveries", *arguments],
            capture_output=True,
            text=True,
            env=self.server.environment,
            timeout=60,
            check=False,
        )


@pytest.fixture
def site(park: ServerPark, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A server of its own on SQLite."""
    options = {**LOCAL, "DEFAULT": {"state_path": tmp_path / "state"}}
    server = park.make("sqlite", f"{request.node.name}-{os.getpid()}", options)
    server.start()
    yield Site(park, server)
    if server.is_running:
        server.kill()


def bodies(receiver: Receiver) -> list[str]:
    return [json.loads(it.body)["body"] for it in receiver.requests]


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs; orphans may stay zombies."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_nothing_that_was_acknowledged_is_lost_to_kill_9(site: Site) -> None:
    rounds = scaled(3, 20)
    with receiving(answer(204)) as receiver:
        site.subscribe(receiver.url("/a"))
        site.subscribe(receiver.url("/b"), _ordered=True)
        for number in range(rounds):
            for batch in range(5):
                site.post(*(f"{number}-{batch}-{index}" for index in range(10)))
            before = len(receiver.requests)
            wait_until(lambda before=before: len(receiver.requests) > before)  # type: ignore[misc]
            if number % 2:
                site.server.kill()
                site.server.start()
            else:
                known = site.deliverers()
                os.kill(known[-1], signal.SIGKILL)
                wait_until(lambda known=known: len(site.deliverers()) > len(known))  # type: ignore[misc]
            site.park.clock.advance(LEASE)
        wanted = {(path, body) for path in ("/a", "/b") for body in site.posted}

        def missing() -> set[tuple[str, str]]:
            got = [(it.path, json.loads(it.body)["body"]) for it in receiver.requests]
            return wanted - {*got}

        wait_until(lambda: not missing())
        counts = Counter((it.path, it.body) for it in receiver.requests)
        print(f"{sum(counts.values()) - len(counts)} duplicates of {len(counts)} deliveries")
        first_seen = list(
            dict.fromkeys(
                json.loads(it.body)["body"] for it in receiver.requests if it.path == "/b"
            )
        )
        assert first_seen == site.posted, "the ordered subscription got them in order"


def test_a_stopped_server_leaves_nothing_behind_and_the_next_one_goes_on(site: Site) -> None:
    with receiving(answer(204)) as receiver:
        site.subscribe(receiver.url())
        processes = psutil.Process(site.server.process.pid).children(recursive=True)
        site.post(*map(str, range(200)))
        wait_until(lambda: len(receiver.requests) > 0)
        assert site.server.stop() == 0
        wait_until(lambda: not any(map(is_alive, processes)))
        site.server.start()
        wait_until(lambda: len({*bodies(receiver)}) == 200)
        assert len(receiver.requests) == 200, "nothing twice"


def test_deliveries_are_listed_and_replayed(site: Site) -> None:
    assert site.manage("list").stdout == "There are none.\n"
    with receiving([answer(410), answer(204)]) as receiver:
        site.subscribe(receiver.url("/hook?token=secret", userinfo="me:secret@"))
        site.post("it")
        wait_until(lambda: "failed" in site.manage("list", "--status", "failed").stdout)
        listed = site.manage("list", "--project", "p", "--queue", "q").stdout
        assert f"http://127.0.0.1:{receiver.port}/hook " in listed
        assert "secret" not in listed
        assert "410" in listed
        assert site.manage("list", "--project", "other").stdout == "There are none.\n"
        identifier = listed.splitlines()[1].split()[0]
        replayed = site.manage("replay", identifier)
        assert (replayed.returncode, replayed.stdout) == (0, f"{identifier}: is delivered again\n")
        wait_until(lambda: len(receiver.requests) == 2)
        wait_until(lambda: "delivered" in site.manage("list").stdout)
    unknown = site.manage("replay", "123456789abc")
    assert unknown.returncode == 1
    assert unknown.stderr.startswith("123456789abc: there is no such delivery")
