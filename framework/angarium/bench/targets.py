"""Which servers a run measures: those that are named, and those that it starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from angarium.bench import servers
from angarium.bench.errors import BenchError
from angarium.bench.options import Options
from angarium.bench.servers import Started
from angarium.bench.session import CONSTANT, FLOOR, Target
from angarium.bench.wire import Address

_EMBEDDED: Final = "embedded"
_NO_HEADERS: Final[Mapping[str, str]] = {}


@contextmanager
def running(started: Started) -> Iterator[Started]:
    """A server that is stopped in the end."""
    try:
        yield started
    finally:
        started.stop()


def find(options: Options, directory: Path, stack: ExitStack) -> list[Target]:
    """All servers, started or found to be there; comparisons first.

    :param directory: for logs, and for what the embedded store keeps.
    :param stack: stops what was started.
    :raises BenchError: one is not to be had.
    """
    named = [_named(text, _headers(options)) for text in options.targets]
    started = list(_start(options, directory, stack))
    for target in started:
        assert target.process is not None
        target.process.wait()
    return started + named


def _start(options: Options, directory: Path, stack: ExitStack) -> Iterator[Target]:
    size = options.workers, options.threads

    def start(server: Started) -> Started:
        return stack.enter_context(running(server))

    constant = start(servers.constant(directory, *size))
    yield Target(CONSTANT, constant.address, _NO_HEADERS, CONSTANT, constant)
    if options.floor is not None:
        floor = start(servers.floor(options.floor, directory, *size))
        yield Target(FLOOR, floor.address, _NO_HEADERS, FLOOR, floor)
    for name, arguments in _own(options):
        server = start(servers.angarium(name, directory, arguments, *size))
        headers = {"X-Project-Id": options.project}
        yield Target(name, server.address, headers, process=server, is_disposable=not arguments)


def _headers(options: Options) -> dict[str, str]:
    headers = {"X-Project-Id": options.project}
    return headers if options.token is None else {**headers, "X-Auth-Token": options.token}


def _own(options: Options) -> Iterator[tuple[str, Sequence[str]]]:
    """Names and configurations of the servers to start."""
    if options.own:
        yield "configured", options.own
    stems = [Path(path).stem for path in options.config_files]
    for number, (stem, path) in enumerate(zip(stems, options.config_files, strict=True)):
        name = stem if stems.count(stem) == 1 else f"{stem}-{number + 1}"
        yield name, ("--config-file", path)
    if not (options.own or options.config_files or options.targets):
        yield _EMBEDDED, ()


def _named(text: str, headers: Mapping[str, str]) -> Target:
    name, equals, url = text.partition("=")
    if not equals or "/" in name:
        name, url = "", text
    address = Address.parse(url)
    try:
        address.connect().close()
    except OSError as error:
        raise BenchError(
            f"the target {address.url} cannot be reached: {error.strerror or error}"
        ) from error
    return Target(name or address.netloc + address.prefix, address, headers)
