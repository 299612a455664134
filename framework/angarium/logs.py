"""Logs: oslo.log at the entry points, the standard library everywhere else.

Library code logs through :mod:`logging`. :func:`event` is for records with fields: they stand in
the text as ``key=value`` and, with ``use_json``, as members of ``extra``.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from oslo_config import cfg
from oslo_log import log as oslo_log

from angarium.errors import StartError, StoreUnreachable
from angarium.version import version

START = logging.getLogger("angarium.start")
# The fields are part of the text already, see event().
_FORMAT = "%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s %(message)s"
_PLAIN = re.compile(r"[^\s\"'=\x00-\x1f\x7f-\x9f]+")


def register(conf: cfg.ConfigOpts) -> None:
    """Make the logging options known to a configuration that is not loaded yet."""
    root = logging.getLogger()
    had_handlers = bool(root.handlers)
    oslo_log.register_options(conf)
    if not had_handlers:
        root.handlers.clear()  # oslo.log's makeshift one would print everything twice
    conf.set_default("use_stderr", True)
    conf.set_default("logging_default_format_string", _FORMAT)
    conf.set_default("logging_context_format_string", _FORMAT)


def setup(conf: cfg.ConfigOpts) -> None:
    """Start logging as configured; call it once in every process, after loading.

    Without ``debug``, other libraries are heard from WARNING on and Angarium from INFO on.

    :raises StartError: the log file cannot be written.
    """
    try:
        oslo_log.setup(conf, "angarium", version())
    except (OSError, oslo_log.LogConfigError, RuntimeError) as error:
        raise StartError(f"[DEFAULT] logging options: {error}") from error
    if not conf.debug and not conf.log_config_append:
        logging.getLogger().setLevel(logging.WARNING)
        logging.getLogger("angarium").setLevel(logging.INFO)


class _Shelf(logging.Handler):
    """Keeps records for later."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def explained() -> Iterator[None]:
    """Let a store that does not answer stop the start, in one line with what its driver logged.

    :raises StartError: in place of :class:`~angarium.errors.StoreUnreachable`.
    """
    root = logging.getLogger()
    handlers, shelf = root.handlers, _Shelf()
    root.handlers = [shelf]
    try:
        yield
    except StoreUnreachable as error:
        said = [record.getMessage() for record in shelf.records]
        raise StartError(f"a store does not answer: {said[-1] if said else error}") from error
    finally:
        root.handlers = handlers
    for record in shelf.records:
        root.handle(record)


def event(logger: logging.Logger, level: int, text: str, /, **fields: object) -> None:
    """Log one record with fields.

    :param text: what happened, without the fields.
    :param fields: what it happened to; those that are None are left out.
    """
    if not logger.isEnabledFor(level):
        return
    known = {name: value for name, value in fields.items() if value is not None}
    pairs = "".join(f" {name}={_quote(value)}" for name, value in known.items())
    logger.log(level, "%s%s", text, pairs, extra={"extra_keys": list(known), **known})


def _quote(value: object) -> str:
    """A value as it is, or quoted where its end or its line would be in doubt."""
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
