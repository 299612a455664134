"""Tests of the stores in memory beyond what the conformance kit says."""
