"""Programs that use a server, each run as a process of its own.

    python -m tests.scenarios.actors ROLE '{"port": 8888, "project": ..., "journal": ..., ...}'

Each writes what it does to a journal, a line of JSON per event, so that the test still knows it
after the program was killed. ``at`` is the monotonic clock, which all processes of a machine share.
SIGTERM asks a program to finish what it has in hand and to end.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from tests.scenarios.door import Door

IDLE: Final = 0.01  # seconds between two looks at an empty queue


class Actor:
    """What every role needs: the door, the journal, dice and the wish to stop."""

    def __init__(self, part: dict[str, Any]) -> None:
        self.name: str = part["name"]
        self.queue: str = part["queue"]
        self.part = part
        self.door = Door(part["port"], part["project"], part.get("client_id"))
        self.dice = random.Random(self.name)
        self.stopping = False
        self._journal = Path(part["journal"])
        signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def note(self, event: str, **details: object) -> None:
        """Write a line to the journal."""
        record = {"event": event, "at": time.monotonic(), **details}
        with self._journal.open("a") as journal:
            journal.write(json.dumps(record) + "\n")

    def until_stopped(self) -> Iterator[None]:
        """Go on, turn by turn, until the program is asked to stop."""
        while not self.stopping:
            yield


def produce(actor: Actor) -> None:
    """Post ``count`` numbered messages in batches of different sizes."""
    count, number, batch = actor.part["count"], 0, 0
    while number < count:
        size = min(actor.dice.randint(1, 7), count - number)
        bodies = [
            {"by": actor.name, "number": number + i, "batch": batch, "place": i, "of": size}
            for i in range(size)
        ]
        actor.note("posted", ids=actor.door.post(actor.queue, bodies))
        number, batch = number + size, batch + 1


def work(actor: Actor) -> None:
    """Claim some messages, do them, delete them.

    After ``stall_after`` claims it gets stuck; ``gives_up`` is the share of claims that it returns
    undone.
    """
    claims = 0
    for _ in actor.until_stopped():
        messages = actor.door.claim(actor.queue, actor.dice.randint(1, 5))
        if not messages:
            actor.note("idle")
            time.sleep(IDLE)
            continue
        claims += 1
        actor.note("claimed", ids=[message["id"] for message in messages])
        if claims == actor.part.get("stall_after"):
            signal.pause()
        if actor.dice.random() < actor.part.get("gives_up", 0):
            actor.note("released", ids=[message["id"] for message in messages])
            actor.door.release(actor.queue, messages)
            continue
        for message in messages:
            actor.note("done", id=message["id"])
            actor.door.delete(message["href"])
            actor.note("deleted", id=message["id"])


def read(actor: Actor) -> None:
    """Follow the queue by its markers, in pages of different sizes."""
    href = f"/v2/queues/{actor.queue}/messages?limit={actor.dice.randint(1, 20)}"
    if actor.part.get("echo"):
        href += "&echo=true"
    for _ in actor.until_stopped():
        messages, href = actor.door.page(href)
        if messages:
            actor.note("seen", messages=[[message["id"], message["body"]] for message in messages])
        else:
            time.sleep(IDLE)


def serve(actor: Actor) -> None:
    """Answer each request in the queue of the one who asks."""
    for _ in actor.until_stopped():
        messages = actor.door.claim(actor.queue, 3)
        for message in messages:
            request = message["body"]
            answer = {"to": request["number"], "text": request["text"].upper()}
            actor.door.post(request["reply_to"], [answer])
            actor.door.delete(message["href"])
        if not messages:
            time.sleep(IDLE)


def call(actor: Actor) -> None:
    """Send ``count`` requests to ``service``, a few ahead of the answers, and note these."""
    sent = received = 0
    while received < actor.part["count"]:
        if sent < actor.part["count"] and sent - received < 5:
            request = {"reply_to": actor.queue, "number": sent, "text": f"{actor.name} {sent}"}
            actor.door.post(actor.part["service"], [request])
            sent += 1
            continue
        answers = actor.door.pop(actor.queue, 3)
        received += len(answers)
        for answer in answers:
            actor.note("answered", answer=answer["body"])
        if not answers:
            time.sleep(IDLE)


ROLES: Final[dict[str, Callable[[Actor], None]]] = {
    role.__name__: role for role in (produce, work, read, serve, call)
}

if __name__ == "__main__":
    ROLES[sys.argv[1]](Actor(json.loads(sys.argv[2])))
