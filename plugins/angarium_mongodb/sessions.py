"""Transactions that a killed process left open.

MongoDB ends them after ``transactionLifetimeLimitSeconds``, a minute. Until then whatever they have
changed cannot be changed by anybody else. So every process notes in the database which sessions it
uses, and who meets a conflict that does not pass ends the transactions of all sessions of other
processes, and those that this process had to give up when it lost the connection. One that is alive
begins its transaction again, as after any conflict.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from typing import Any, Final

from pymongo.client_session import ClientSession
from pymongo.database import Database

from angarium_mongodb.documents import READ_CLOCK, Document

COLLECTION: Final = "sessions"
_REFRESH: Final = 3600.0  # seconds
KEPT: Final = 4 * 3600  # seconds: longer than a session is used without being noted again


class SessionNotes:
    """What one process notes of its sessions."""

    def __init__(self) -> None:
        self._owner = f"{os.uname().nodename} {os.getpid()} {uuid.uuid4().hex}"
        self._lock = threading.Lock()
        self._noted: dict[bytes, float] = {}
        self._given_up: set[bytes] = set()

    def note(self, database: Database[Document], session: ClientSession) -> None:
        """Note a session before its first transaction."""
        id_: Any = session.session_id["id"]
        now = time.monotonic()
        with self._lock:
            if now - self._noted.get(id_, -_REFRESH) < _REFRESH:
                return
        database[COLLECTION].update_one(
            {"_id": id_},
            [{"$set": {"owner": self._owner, "noted": READ_CLOCK}}],
            upsert=True,
        )
        with self._lock:
            self._noted[id_] = now

    def give_up(self, id_: bytes) -> None:
        """Remember a session whose transaction nobody could end, and which is not used again."""
        with self._lock:
            self._given_up.add(id_)

    def end_others(self, database: Database[Document]) -> None:
        """End the transactions of all other processes, and those that were given up."""
        others = database[COLLECTION].find({"owner": {"$ne": self._owner}}, {"_id": 1})
        with self._lock:
            given_up = set(self._given_up)
        sessions = [{"id": it} for it in {*given_up, *(it["_id"] for it in others)}]
        if sessions:
            database.client.admin.command("killSessions", sessions)
        with self._lock:
            self._given_up -= given_up
