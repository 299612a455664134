"""The scripts: their texts, and the heads of the commands that call them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import Final

from angarium_redis.keys import pack

_FOLDER: Final = resources.files("angarium_redis") / "lua"


@dataclass(frozen=True, slots=True)
class Script:
    """A script as it is called.

    :ivar evalsha: the command by the script's digest, up to its arguments.
    :ivar eval: the command with the script's text, for a server that does not know the digest.
    :ivar changes: whether it changes anything that an answer speaks of.
    :ivar repeatable: whether carrying it out twice is as good as once.
    """

    name: str
    text: bytes
    evalsha: bytes
    eval: bytes
    changes: bool
    repeatable: bool


def load(*parts: str, changes: bool = True, repeatable: bool = True) -> Script:
    """Make a script of files, the last of which gives it its name."""
    text = b"\n".join((_FOLDER / f"{part}.lua").read_bytes() for part in parts)
    digest = hashlib.sha1(text, usedforsecurity=False).hexdigest().encode()
    return Script(
        name=parts[-1],
        text=text,
        evalsha=pack(b"EVALSHA") + pack(digest),
        eval=pack(b"EVAL") + pack(text),
        changes=changes,
        repeatable=repeatable,
    )


def on_queue(name: str, *parts: str, changes: bool = True, repeatable: bool = True) -> Script:
    """Make a script of an operation on a queue.

    :param parts: what it needs beside the keys and the check of the epoch, in this order.
    """
    common = ("data_keys", "data_open", *parts)
    return load(*common, name, changes=changes, repeatable=repeatable)
