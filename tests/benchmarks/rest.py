"""Requests per second over REST: ``python tests/benchmarks/rest.py --help``."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])
runpy.run_module("tests.benchmarks.comparison", run_name="__main__")
