"""The command from its options to its exit status."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from angarium.bench import cases, document, page, servers, targets
from angarium.bench.cases import POST, WORKLOADS
from angarium.bench.console import Terminal
from angarium.bench.crew import Crew, crew
from angarium.bench.errors import BenchError, ServerDied
from angarium.bench.options import Options, command_line
from angarium.bench.session import Session, Settings, Target, measure

INTERRUPTED: Final = 128 + signal.SIGINT
"""The exit status after Ctrl-C, as of a shell."""

_CEILING_SECONDS: Final = 1.0  # at most


def run(options: Options) -> int:
    """Start what is to be started, measure, print, write; the exit status.

    :raises BenchError: there is nothing to measure, or a server ended.
    """
    terminal = Terminal()
    with _terminated_like_interrupted(), ExitStack() as stack:
        try:
            return _run(options, terminal, stack)
        except KeyboardInterrupt:
            terminal.warn("Interrupted.")
            return INTERRUPTED
        except ServerDied as error:
            terminal.say(error.log)
            raise


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does, with everything that it started."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(options: Options, terminal: Terminal, stack: ExitStack) -> int:
    begin = time.monotonic()
    facts: dict[str, Any] = {
        "command": command_line(sys.argv[1:]),
        "started": document.now(),
        "machine": document.machine(),
        "settings": options.settings,
    }
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="angarium-bench-")))
    found = targets.find(options, directory, stack)
    helpers = stack.enter_context(crew(options.processes))
    settings = Settings(
        options.rounds, options.seconds, options.connections, options.processes, options.sizes
    )
    facts["client_ceiling"] = _ceiling(settings, directory, helpers)
    terminal.say(f"the clients alone: {facts['client_ceiling']:,.0f} requests/s")
    wanted = cases.chosen(options.workloads, options.sizes)
    session = Session(found, list(wanted.values()), settings, helpers, terminal)
    ended = _measure(session, terminal)
    facts |= {"complete": ended is None, "seconds": round(time.monotonic() - begin, 1)}
    whole = document.document(session.results, found, facts)
    terminal.show(whole)
    _write(options, whole, terminal)
    if ended is not None:
        raise ended
    return 1 if whole["errors"] else 0


def _measure(session: Session, terminal: Terminal) -> BaseException | None:
    """Measure and clear away; what ended it early."""
    ended: BaseException | None = None
    try:
        session.run()
    except KeyboardInterrupt as error:
        terminal.warn("Interrupted; once more leaves the queues of this run where they are.")
        ended = error
    except BenchError as error:
        return error
    try:
        session.clear()
    except (KeyboardInterrupt, BenchError) as error:
        terminal.warn("Queues of this run, which are called bench-…, stay where they are.")
        ended = error
    return ended


def _ceiling(settings: Settings, directory: Path, helpers: Crew) -> float:
    """Requests per second that the clients send to a server that does nothing."""
    post = cases.chosen(WORKLOADS, settings.sizes)[POST]
    with targets.running(servers.trivial(directory)) as trivial:
        trivial.wait()
        target = Target("trivial", trivial.address, {})
        seconds = min(_CEILING_SECONDS, settings.seconds)
        return round(measure(helpers, target, post, settings, "q", 0, seconds).rate)


def _write(options: Options, whole: dict[str, Any], terminal: Terminal) -> None:
    if options.json_file is not None:
        options.json_file.write_text(json.dumps(whole, indent=2) + "\n")
        terminal.say(f"all figures: {options.json_file}")
    if options.html_file is not None:
        options.html_file.write_text(page.render(whole))
        terminal.say(f"report: {options.html_file}")
