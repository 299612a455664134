"""A signal is handled whichever thread of a process the kernel interrupts for it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import signal
import threading
import time

from angarium.processes import hear_signals

stopped = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopped.set())
hear_signals()
bystander = threading.Thread(target=time.sleep, args=(60,), daemon=True)
bystander.start()


def interrupt_the_bystander():
    time.sleep(0.3)  # until the main thread waits
    signal.pthread_kill(bystander.ident, signal.SIGTERM)


threading.Thread(target=interrupt_the_bystander, daemon=True).start()
stopped.wait()
print("stopped")
"""


def test_a_signal_that_another_thread_gets_stops_the_main_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stdout) == (0, "stopped\n"), done.stderr
