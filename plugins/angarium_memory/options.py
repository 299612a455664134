"""The options of both stores."""

from __future__ import annotations

from typing import Final

from oslo_config import cfg

MESSAGE_STORE: Final = "drivers:message_store:memory"
MANAGEMENT_STORE: Final = "drivers:management_store:memory"

OPTIONS: Final = (
    cfg.StrOpt(
        "uri",
        default="memory://angarium",
        help="memory://NAME. Stores of one name in one process are the same store. It is empty "
        "when the process starts and gone when it ends, and no other process sees it.",
    ),
)


def list_options() -> list[tuple[str, list[cfg.Opt]]]:
    """Every option of this package by group, for ``oslo-config-generator``."""
    return [(group, list(OPTIONS)) for group in (MANAGEMENT_STORE, MESSAGE_STORE)]
