"""What both drivers do alike: find their server, look whether it suits, watch it, leave it."""

from __future__ import annotations

from typing import ClassVar, Final

from angarium.errors import StoreUnreachable
from angarium.storage import overrides
from angarium.storage.driver import Driver, StoreEnvironment
from angarium_redis import address, options, server
from angarium_redis.client import Client, Settings
from angarium_redis.failures import Failed
from angarium_redis.keys import encode, pack

_PING: Final = b"*1\r\n" + pack(b"PING")


class RedisDriver(Driver):
    """A driver on one Redis, whatever it consists of."""

    schemes: ClassVar[frozenset[str]] = address.SCHEMES
    group: ClassVar[str]

    def __init__(self, environment: StoreEnvironment) -> None:
        super().__init__(environment)
        settings = options.settings(environment, self.group)
        self._source = f"[{self.group}] uri" if environment.uri is None else "the uri of a pool"
        uri = settings.uri if environment.uri is None else environment.uri
        where = address.parse(uri, self._source, options.names(self.group))
        own = options.of_query(where.options, self.group, self._source)
        self.options = overrides.Settings(settings, own)
        self.prefix = encode(self.options.key_prefix)
        self.client = Client(where, self._settings())

    @property
    def is_durable(self) -> bool:
        """Whether the operator asserts that an acknowledged message survives a crash."""
        return False

    def prepare(self) -> None:
        """Look whether every server suits."""
        try:
            server.check(self.client, self._source, self.prefix, durability=self.is_durable)
        except Failed as failed:
            raise self.client.unreachable(failed) from failed

    def ping(self) -> None:
        """Ask every server for the smallest thing."""
        try:
            for node in self.client.nodes():
                (answer,) = self.client.ask(node, [_PING])
                if answer not in (b"PONG", True):
                    raise StoreUnreachable
        except Failed as failed:
            raise self.client.unreachable(failed) from failed

    def close(self) -> None:
        """Close the connections of this process."""
        self.client.close()

    def _settings(self) -> Settings:
        return Settings(
            attempts=self.options.max_reconnect_attempts,
            pause=self.options.reconnect_sleep,
            pool_size=self.options.pool_size,
            wait_replicas=self.options.wait_replicas,
            wait_timeout=self.options.wait_timeout,
        )
