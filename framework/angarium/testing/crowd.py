"""Several at once: threads that start together, and processes that share nothing but the store."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

from angarium.testing.effort import PATIENCE


def in_threads(jobs: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all at the same moment, each in a thread; their results, in order.

    :raises TimeoutError: one of them hangs.
    """
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        start.wait(PATIENCE)
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return _results([pool.submit(run, job) for job in jobs])


def in_processes(jobs: Sequence[tuple[Callable[[Any], Any], Any]]) -> list[Any]:
    """Run all at once, each in a fresh interpreter; their results, in order.

    :param jobs: pairs of a function of a module and its one argument; both are pickled.
    :raises TimeoutError: one of them hangs.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(jobs), mp_context=context) as pool:
        return _results([pool.submit(job, argument) for job, argument in jobs])


def _results(futures: Sequence[Future[Any]]) -> list[Any]:
    return [future.result(PATIENCE) for future in futures]
