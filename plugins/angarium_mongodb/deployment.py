"""A deployment as the drivers use it: clients made per process, transactions, retries."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import pymongo
from bson.codec_options import CodecOptions, TypeDecoder, TypeRegistry
from bson.int64 import Int64
from pymongo import MongoClient, ReadPreference, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from angarium.errors import OutcomeUnknown, StoreUnreachable
from angarium.storage.signals import Again, DeadLettersLeased
from angarium_mongodb import failures
from angarium_mongodb.address import Address
from angarium_mongodb.documents import Document
from angarium_mongodb.retries import Retries, RetryRules
from angarium_mongodb.sessions import SessionNotes
from angarium_mongodb.turns import Turns

ResultT = TypeVar("ResultT")

PATIENCE: Final = 5.0  # seconds in which an operation is tried again
DEADLINE: Final = 8.0  # seconds after which an operation is given up, whatever it waits for
MAINTENANCE: Final = 60.0  # the same for what may have very much to do, and no client waits for
_COMMITTED: Final = (Again, DeadLettersLeased)
"""What work raises for its changes to be kept."""


class _PlainNumbers(TypeDecoder):
    """Reads 64-bit integers as what they are in Python; other stores' clients insist on that."""

    bson_type = Int64

    def transform_bson(self, value: int) -> int:
        return int(value)


_CODEC: Final[CodecOptions[Document]] = CodecOptions(type_registry=TypeRegistry([_PlainNumbers()]))


@dataclass(frozen=True, slots=True)
class _Client:
    process: int
    client: MongoClient[Document]
    turns: Turns
    notes: SessionNotes


class Session:
    """The collections of a database within one transaction.

    :ivar database: for collections by name.
    :ivar session: to be passed along with every command.
    """

    __slots__ = ("database", "session")

    def __init__(self, database: Database[Document], session: ClientSession) -> None:
        self.database = database
        self.session = session


Work = Callable[[Session], ResultT]


class Deployment:
    """One database of a deployment. Safe for threads, and for processes that fork.

    :param make_client: makes a client; called once in each process.
    """

    def __init__(
        self,
        address: Address,
        database: str,
        rules: RetryRules,
        make_client: Callable[[], MongoClient[Document]],
    ) -> None:
        self.name = f"{address.name}, database {database}"
        self._database = database
        self._rules = rules
        self._make_client = make_client
        self._making = threading.Lock()
        self._current: _Client | None = None
        self._has_own_timeout = address.has_own_timeout
        w = address.write_concern
        self.write_concern: Final[int | str] = int(w) if w.isdecimal() else w

    @property
    def turns(self) -> Turns:
        """The turns of this process."""
        return self._of_this_process().turns

    def run(
        self, work: Callable[[Database[Document]], ResultT], deadline: float = DEADLINE
    ) -> ResultT:
        """Carry out commands that are atomic each for itself; again, if that makes sense.

        :param deadline: seconds for everything.
        :raises StoreUnreachable: the deployment failed; commands may have been carried out.
        """
        retries = Retries(self._rules, PATIENCE)
        with self._within(deadline):
            return self._repeat(lambda: work(self._open()), retries)

    def read(self, work: Work[ResultT]) -> ResultT:
        """Carry out ``work``, which changes nothing, on one state of the database.

        :raises StoreUnreachable: the deployment failed.
        """
        retries = Retries(self._rules, PATIENCE)
        with self._within(DEADLINE):
            return self._repeat(lambda: self._transact(work, self._commit_read), retries)

    def change(self, work: Work[ResultT], *, repeatable: bool) -> ResultT:
        """Carry out ``work`` in one transaction, again if it had to yield to another one.

        What ``work`` raises undoes its changes, but for two signals that are about these.

        :param repeatable: whether carrying it out twice is as good as once.
        :raises StoreUnreachable: the deployment failed; nothing was changed.
        :raises OutcomeUnknown: it failed during the commit.
        """
        retries = Retries(self._rules, PATIENCE)
        unknown: list[PyMongoError] = []

        def commit(session: ClientSession) -> None:
            self._commit(session, retries, unknown, repeatable)

        try:
            with self._within(DEADLINE):
                return self._repeat(lambda: self._transact(work, commit), retries)
        except OutcomeUnknown:
            raise
        except StoreUnreachable:
            if unknown:
                raise failures.outcome_unknown(self.name, unknown[-1]) from unknown[-1]
            raise

    def close(self) -> None:
        """Give back the connections."""
        if self._current is not None and self._current.process == os.getpid():
            self._current.client.close()
        self._current = None

    def _of_this_process(self) -> _Client:
        current = self._current
        if current is None or current.process != os.getpid():
            with self._making:
                current = self._current
                if current is None or current.process != os.getpid():
                    current = _Client(
                        os.getpid(), self._make_client(), Turns(DEADLINE), SessionNotes()
                    )
                    self._current = current
        return current

    def _open(self) -> Database[Document]:
        return self._of_this_process().client.get_database(
            self._database,
            codec_options=_CODEC,
            read_preference=ReadPreference.PRIMARY,
            read_concern=ReadConcern("majority"),
            write_concern=WriteConcern(self.write_concern),
        )

    def _within(self, seconds: float) -> AbstractContextManager[object]:
        return nullcontext() if self._has_own_timeout else pymongo.timeout(seconds)

    def _repeat(self, attempt: Callable[[], ResultT], retries: Retries) -> ResultT:
        while True:
            try:
                return attempt()
            except PyMongoError as error:
                if retries.is_stuck:
                    self._end_others()
                if not retries.pause(error):
                    raise failures.nothing_changed(self.name, error) from error

    def _end_others(self) -> None:
        try:
            self._of_this_process().notes.end_others(self._open())
        except PyMongoError as error:
            raise failures.nothing_changed(self.name, error) from error

    def _transact(self, work: Work[ResultT], commit: Callable[[ClientSession], None]) -> ResultT:
        """Raises an error of PyMongo only if nothing was changed, or doing it again is harmless."""
        database = self._open()
        with self._session(database) as session:
            session.start_transaction(
                read_concern=ReadConcern("snapshot"),
                write_concern=WriteConcern(self.write_concern),
                read_preference=ReadPreference.PRIMARY,
            )
            signal: Again | DeadLettersLeased | None = None
            try:
                result = work(Session(database, session))
            except _COMMITTED as raised:
                signal = raised
            commit(session)
        if signal is not None:
            raise signal
        return result

    @contextmanager
    def _session(self, database: Database[Document]) -> Iterator[ClientSession]:
        notes = self._of_this_process().notes
        with database.client.start_session() as session:
            notes.note(database, session)
            id_: bytes = session.session_id["id"]
            try:
                yield session
            except (PyMongoError, OutcomeUnknown) as error:
                if isinstance(error, OutcomeUnknown) or failures.is_lost(error):
                    notes.give_up(id_)
                raise

    def _commit_read(self, session: ClientSession) -> None:
        """Wait until what was read is known to stay."""
        session.commit_transaction()

    def _commit(
        self,
        session: ClientSession,
        retries: Retries,
        unknown: list[PyMongoError],
        repeatable: bool,
    ) -> None:
        """Commit, and ask again for the outcome while it is unknown.

        :param unknown: takes the errors after which it was.
        """
        while True:
            try:
                session.commit_transaction()
            except PyMongoError as error:
                if failures.is_undone(error):
                    if unknown and not repeatable:
                        raise failures.outcome_unknown(self.name, error) from error
                    raise
                unknown.append(error)
                if not retries.pause(error):
                    raise failures.outcome_unknown(self.name, error) from error
            else:
                return


def hello(database: Database[Document]) -> Mapping[str, Any]:
    """What the server says of itself, its time included."""
    return database.client.admin.command("hello")
