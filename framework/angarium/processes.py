"""Processes that belong together: what one does when another ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing import connection
from types import FrameType
from typing import Final

from angarium.errors import StartError

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


def run_together(target: Callable[[str], None], names: Sequence[str]) -> None:
    """Run a function once for each name, in processes of their own, until SIGTERM or SIGINT.

    The signals are passed on as SIGTERM. If one process ends by itself, the others are stopped.

    :param target: picklable; handles SIGTERM itself.
    :raises StartError: one of them ended by itself.
    """
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_run_one, args=(target, name), name=name) for name in names]
    signals: list[int] = []

    def stop(signum: int, frame: FrameType | None = None) -> None:
        signals.append(signum)
        for process in processes:
            process.terminate()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    for process in processes:
        process.start()
    over = connection.wait([process.sentinel for process in processes])
    ended = [process.name for process in processes if process.sentinel in over]
    was_stopped = bool(signals)
    if not was_stopped:
        stop(signal.SIGTERM)
    for process in processes:
        process.join()
    if not was_stopped:
        raise StartError(f"{', '.join(ended)} ended, so everything was stopped")


def _run_one(target: Callable[[str], None], name: str) -> None:
    os.setpgrp()  # Ctrl-C in a terminal is for the parent alone, which passes it on
    follow_parent()
    target(name)
