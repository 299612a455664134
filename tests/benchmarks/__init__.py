"""Measurements, run by hand on a quiet machine: they are no tests."""
