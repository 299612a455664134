"""What both drivers do alike: find their deployment, get it ready, watch it, give it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, ClassVar, Final

from pymongo import IndexModel, MongoClient
from pymongo.database import Database
from pymongo.errors import ConfigurationError, OperationFailure

from angarium.errors import StartError
from angarium.storage.driver import Driver, StoreEnvironment
from angarium_mongodb import address, options, tls
from angarium_mongodb.deployment import MAINTENANCE, PATIENCE, Deployment, hello
from angarium_mongodb.documents import Document
from angarium_mongodb.retries import RetryRules

_EXISTS: Final = 48


class MongoDriver(Driver):
    """A driver on one database of a deployment."""

    schemes: ClassVar[frozenset[str]] = address.SCHEMES
    group: ClassVar[str]
    suffix: ClassVar[str]
    collections: ClassVar[Mapping[str, Sequence[IndexModel]]]

    def __init__(self, environment: StoreEnvironment) -> None:
        super().__init__(environment)
        self.options = options.register(environment.conf, self.group)
        self.address = self._address(environment)
        self._may_be_unreliable: bool = environment.conf.unreliable
        options.require_known(environment.options)
        base = str(environment.options.get("database") or self.options.database)
        rules = RetryRules(
            max_attempts=self.options.max_attempts,
            max_retry_sleep=self.options.max_retry_sleep,
            max_retry_jitter=self.options.max_retry_jitter,
            max_reconnect_attempts=self.options.max_reconnect_attempts,
            reconnect_sleep=self.options.reconnect_sleep,
        )
        self.deployment = Deployment(
            self.address, f"{base}_{self.suffix}", rules, self._make_client
        )

    def prepare(self) -> None:
        """Look whether the deployment can hold what it is to hold; make collections and indexes."""
        self._require_safe_writes()
        self._require_transactions(self.deployment.run(hello))
        self.deployment.run(self._make_collections, MAINTENANCE)

    def upgrade(self) -> str:
        """Make collections and indexes."""
        self.prepare()
        return f"{self.deployment.name}: collections and indexes are there"

    def ping(self) -> None:
        """Ask the primary for the smallest thing."""
        self.deployment.run(lambda database: database.command("ping"))

    def close(self) -> None:
        """Close the connections of this process."""
        self.deployment.close()

    def _require_safe_writes(self) -> None:
        w, option = self.address.write_concern, self.address.option
        if w == "0":
            raise StartError(f"{option} has w=0, with which there are no transactions: remove it.")
        if not self.address.is_safe and not self._may_be_unreliable:
            raise StartError(
                f"{option} has the write concern w={w}, with which acknowledged messages may be "
                "lost: take w=majority (which is what you get without w) or w=2 and more, or set "
                "[DEFAULT] unreliable = true."
            )

    def _require_transactions(self, description: Mapping[str, Any]) -> None:
        if "setName" not in description and description.get("msg") != "isdbgrid":
            raise StartError(
                f"{self.address.option} leads to a single MongoDB server, which has no "
                "transactions: make it a replica set, of one member if need be (mongod --replSet "
                "NAME, then rs.initiate())."
            )

    def _make_collections(self, database: Database[Document]) -> None:
        present = set(database.list_collection_names())
        for name, indexes in self.collections.items():
            if name not in present:
                _create(database, name)
            if indexes:
                database[name].create_indexes(list(indexes))

    def _address(self, environment: StoreEnvironment) -> address.Address:
        if environment.uri is not None:
            return address.parse(environment.uri, "the uri of a pool")
        if not self.options.uri:
            raise StartError(
                f"[{self.group}] uri is not set; set it to the connection string of a replica set, "
                "as in mongodb://user:password@host1,host2/?replicaSet=name."
            )
        return address.parse(self.options.uri, f"[{self.group}] uri")

    def _make_client(self) -> MongoClient[Document]:
        with ExitStack() as stack:
            arguments: Mapping[str, Any] = {}
            if self.address.uses_ssl_options:
                arguments = stack.enter_context(tls.arguments(self.options, self.group))
            try:
                return MongoClient(
                    self.address.uri,
                    connect=False,
                    tz_aware=True,
                    appname="angarium",
                    w=self.deployment.write_concern,
                    **{**self.address.timeouts(PATIENCE), **arguments},
                )
            except (ConfigurationError, ValueError, OSError) as error:
                raise StartError(
                    f"{self.address.option} or an option beside it cannot be used: "
                    f"{self.address.without_credentials(str(error))}"
                ) from None


def _create(database: Database[Document], name: str) -> None:
    try:
        database.command("create", name)
    except OperationFailure as error:
        if error.code != _EXISTS:  # another process was faster
            raise
