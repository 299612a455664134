"""Processes that belong together: what one does when another ends."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Sequence
from multiprocessing import connection
from multiprocessing.context import SpawnProcess
from types import FrameType
from typing import Final

from angarium.errors import StartError

LOG = logging.getLogger(__name__)

FORCED: Final = 128 + signal.SIGINT
"""What a shell shows for a process that was ended by Ctrl-C."""

_PAUSE: Final = 1.0  # seconds before a process is replaced
_NUDGE: Final = signal.SIGURG  # nobody sends it to us, and by default it does nothing
_NUDGE_AGAIN: Final = 0.2  # seconds later, should the first come just before the main thread waits


def hear_signals() -> None:
    """Let the main thread handle every signal at once; call it in the main thread.

    The kernel may interrupt any thread for a signal, and does so while threads are being started.
    Python's handlers run in the main thread, which is not woken by that: if it waits for a lock,
    as Granian's does, SIGTERM would be lost. So another thread is told of each signal, and
    interrupts the main thread in person.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    main = threading.get_ident()

    def relay() -> None:
        while received := os.read(reader, 1):
            if received[0] != _NUDGE:
                signal.pthread_kill(main, _NUDGE)
                time.sleep(_NUDGE_AGAIN)
                signal.pthread_kill(main, _NUDGE)

    signal.signal(_NUDGE, lambda *_: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=relay, name="signal-relay", daemon=True).start()


def follow_parent() -> None:
    """End this process in order when its parent is gone, killed perhaps, as nobody else would."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def run_together(
    target: Callable[[str], None], names: Sequence[str], *, replaced: Collection[str] = ()
) -> None:
    """Run a function once for each name, in processes of their own, until SIGTERM or SIGINT.

    These signals are passed on as SIGTERM, a second one as well, and SIGHUP as itself. If one
    process ends by itself, the others are stopped, unless it is to be replaced; such a one may be
    killed at any time, and is by a second signal.

    :param target: picklable; handles SIGTERM itself, and SIGHUP.
    :param replaced: the names of processes that are started again when they end by themselves.
    :raises StartError: one of the others ended by itself.
    :raises SystemExit: with status 130 after a second signal.
    """
    _Group(target, names, frozenset(replaced)).run()


class _Group:
    """The processes of :func:`run_together`, by name."""

    def __init__(
        self, target: Callable[[str], None], names: Sequence[str], replaced: frozenset[str]
    ) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._target = target
        self._replaced = replaced
        self._stops = 0  # signals that asked for the end
        self._processes = {name: self._make(name) for name in names}

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._pass_on)
        for process in self._processes.values():
            process.start()
        if self._stops:  # by a signal that came in between
            self._end_all()
        failed = self._wait()
        if failed:
            self._end_all()
        for process in self._processes.values():
            process.join()
        if failed:
            raise StartError(f"{', '.join(failed)} ended, so everything was stopped")
        if self._stops > 1:
            raise SystemExit(FORCED)

    def _make(self, name: str) -> SpawnProcess:
        return self._context.Process(target=_run_one, args=(self._target, name), name=name)

    def _wait(self) -> list[str]:
        """Wait until everything is to end; the names of those that ended by themselves."""
        while True:
            over = connection.wait([process.sentinel for process in self._processes.values()])
            ended = [name for name, it in self._processes.items() if it.sentinel in over]
            if self._stops:
                return []
            if not self._replaced.issuperset(ended):
                return ended
            for name in ended:
                self._replace(name)

    def _replace(self, name: str) -> None:
        LOG.error("the process for %s ended and is replaced", name)
        time.sleep(_PAUSE)
        self._processes[name].join()
        process = self._make(name)
        process.start()
        self._processes[name] = process
        if self._stops:  # by a signal that came in between
            process.terminate()

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        self._stops += 1
        self._end_all()
        if self._stops > 1:
            for name in self._replaced:
                self._processes[name].kill()

    def _end_all(self) -> None:
        for process in self._processes.values():
            if process.pid is not None:
                process.terminate()

    def _pass_on(self, signum: int, frame: FrameType | None) -> None:
        for process in self._processes.values():
            if process.pid is not None and process.exitcode is None:
                os.kill(process.pid, signum)


def _run_one(target: Callable[[str], None], name: str) -> None:
    os.setpgrp()  # Ctrl-C in a terminal is for the parent alone, which passes it on
    follow_parent()
    target(name)
