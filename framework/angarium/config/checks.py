"""Settings that are each fine and together make no sense; all of them stop the start."""

from __future__ import annotations

from typing import Final

from oslo_config import cfg

from angarium.errors import StartError

_BOUNDED: Final = {
    "default_message_ttl": "max_message_ttl",
    "default_message_delay": "max_message_delay",
    "default_claim_ttl": "max_claim_ttl",
    "default_claim_grace": "max_claim_grace",
    "min_length_client_id": "max_length_client_id",
}


def check(conf: cfg.ConfigOpts) -> None:
    """Look at a loaded configuration as a whole.

    :raises StartError: for the first problem, in one line.
    """
    for lower, upper in _BOUNDED.items():
        if conf.transport[lower] > conf.transport[upper]:
            raise StartError(
                f"[transport] {lower} = {conf.transport[lower]} is above "
                f"{upper} = {conf.transport[upper]}; lower the one or raise the other"
            )
    if not conf.drivers.transport:
        raise StartError("[drivers] transport is empty; name at least one, such as wsgi")
    if conf.transport.message_encryption_key is not None:
        raise StartError(
            "[transport] message_encryption_key is set, but this version cannot encrypt; remove "
            "the option if messages may be stored in clear text"
        )
