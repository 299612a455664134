"""The WebSocket door as a transport: one process behind one port."""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Sequence
from typing import Any, Final

from oslo_config import cfg

from angarium.config.loading import check_values
from angarium.errors import StartError
from angarium.hosts import is_loopback
from angarium.listening import Listener
from angarium.transport import Transport
from angarium_websocket import options

_BACKLOG: Final = 2048
_LOOPBACK: Final = "127.0.0.1"


class WebsocketTransport(Transport):
    """The API over WebSockets, configured by ``[drivers:transport:websocket]``."""

    interface_version = 1

    def __init__(self, conf: cfg.ConfigOpts, arguments: Sequence[str]) -> None:
        super().__init__(conf, arguments)
        options.register(conf)
        check_values(conf)
        settings = conf[options.GROUP]
        if settings.max_message_size <= conf.transport.max_messages_post_size:
            raise StartError(
                f"[{options.GROUP}] max_message_size = {settings.max_message_size} must be above "
                "[transport] max_messages_post_size = "
                f"{conf.transport.max_messages_post_size}; raise the one or lower the other"
            )
        self._listener = Listener.choose(options.GROUP, settings.bind, settings.port)
        self._internal = _internal(settings)

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"ws://{self._listener.authority}/"

    def announce(self) -> list[str]:
        """The address, and a command with a first message."""
        request = {
            "action": "message_list",
            "headers": {
                "Client-ID": "3381af92-2b9e-11e3-b191-71861300734d",
                "X-Project-ID": "demo",
            },
            "body": {"queue_name": "demo", "include_claimed": True},
        }
        return [
            f"WebSocket API on {self.url}. Connect, as with python -m websockets, and send:",
            f"  {json.dumps(request)}",
        ]

    def check(self) -> None:
        """Try the ports."""
        self._listener.check()
        self._internal.check()

    def serve(self) -> None:
        """Run gunicorn's main process until a signal comes."""
        from angarium_websocket.server import Application, Places  # gevent, where it is needed

        internal = self._internal.open(_BACKLOG)
        places = Places(
            clients=self._listener.open(_BACKLOG).detach(),
            is_local=is_loopback(self._listener.address),
            internal=internal,
            endpoint=self._endpoint(internal.getsockname()[1]),
        )
        main = os.getpid()
        try:
            Application(self.conf, places).run()
        except SystemExit as ended:
            if os.getpid() == main and ended.code not in (0, None):
                raise SystemExit(1) from ended
            raise

    def _endpoint(self, port: int) -> str:
        """The URI of the delivery endpoint, as other processes are told it."""
        host = self.conf[options.GROUP].notification_bind or self._internal.address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def _internal(settings: Any) -> Listener:
    """Where the delivery endpoint listens.

    :raises StartError: nobody could be told that address.
    """
    host, port = settings.notification_bind or _LOOPBACK, settings.notification_port
    listener = Listener.resolve(options.GROUP, host, port, "notification_")
    if ipaddress.ip_address(listener.address).is_unspecified:
        raise StartError(
            f"[{options.GROUP}] notification_bind = {host} is no address that other processes can "
            "deliver to; name one of this machine"
        )
    return listener
