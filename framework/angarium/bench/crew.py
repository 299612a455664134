"""Clients in several processes: each takes its share of the connections."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection

from angarium.bench.engine import Measurement, joined
from angarium.bench.errors import BenchError

Job = Callable[[], Measurement]
"""Measures when it is called; picklable."""

_STOP_WITHIN = 5.0  # seconds


class Crew:
    """Processes that measure at the same time; with one, it is the calling process itself."""

    def __init__(self, pipes: Sequence[Connection]) -> None:
        self._pipes = pipes

    @property
    def size(self) -> int:
        """How many processes there are."""
        return max(1, len(self._pipes))

    def run(self, jobs: Sequence[Job]) -> Measurement:
        """Do one job in each process and join what they found.

        :raises BenchError: one of the processes ended.
        """
        if not self._pipes:
            return joined([job() for job in jobs])
        try:
            for pipe, job in zip(self._pipes, jobs, strict=True):
                pipe.send(job)
            return joined([pipe.recv() for pipe in self._pipes])
        except (EOFError, OSError) as error:
            raise BenchError("a process of the benchmark's clients ended") from error


@contextmanager
def crew(size: int) -> Iterator[Crew]:
    """Start so many processes and end them."""
    if size == 1:
        yield Crew(())
        return
    context = multiprocessing.get_context("spawn")
    pairs = [context.Pipe() for _ in range(size)]
    processes = [context.Process(target=_work, args=(there,), daemon=True) for _, there in pairs]
    try:
        for process in processes:
            process.start()
        for _, there in pairs:
            there.close()
        yield Crew([here for here, _ in pairs])
    finally:
        deadline = time.monotonic() + _STOP_WITHIN
        for process in processes:
            if process.pid is not None:
                process.terminate()
                process.join(max(0.0, deadline - time.monotonic()))
                process.kill()


def _work(pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears of it and ends this one
    while True:
        try:
            job: Job = pipe.recv()
        except EOFError:
            return
        pipe.send(job())
