"""A session without a connection, and an identity plugin that knows a few tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from angarium import kernel
from angarium.context import PushAddress
from angarium.errors import StoreUnreachable, Unauthorized
from angarium.identity import Identity, IdentityPlugin
from angarium_websocket.session import Reception, Session

CLIENT = "3381af92-2b9e-11e3-b191-71861300734c"
MINE = {"Client-ID": CLIENT, "X-Project-ID": "mine"}


class Tokens(IdentityPlugin):
    """Knows a few tokens, and remembers what it was shown."""

    interface_version = 1

    def __init__(self, conf: Any, now: Callable[[], int]) -> None:
        super().__init__(conf)
        self._now = now
        self.shown: list[Mapping[str, str]] = []

    def identify(self, headers: Mapping[str, str]) -> Identity:
        """By the token alone."""
        self.shown.append(dict(headers))
        token = headers.get("x-auth-token")
        if token == "unreachable":
            raise StoreUnreachable
        if token == "admin":
            return Identity("mine", "u", frozenset({"admin"}), expires=self._now() + 100)
        if token == "member":
            return Identity("mine", "u", frozenset({"member"}))
        raise Unauthorized


class Conversation:
    """A session, asked without a connection.

    :ivar kernel: the service.
    """

    def __init__(self, service: kernel.Kernel) -> None:
        self.kernel = service
        self.session = Session(Reception.of(service), PushAddress("http://127.0.0.1:1/c", "s"))

    def ask(self, action: str, headers: Any = None, **body: Any) -> tuple[int, Any]:
        """Status and body of the answer."""
        message = {"action": action, "headers": MINE if headers is None else headers}
        raw = json.dumps({**message, "body": body}).encode()
        answer = json.loads(self.session.answer(raw, is_text=True))
        return answer["headers"]["status"], answer["body"]

    def authenticate(self, token: str, **more: str) -> tuple[int, Any]:
        """Status and body of the answer."""
        return self.ask("authenticate", {"X-Project-ID": "any", "X-Auth-Token": token, **more})
