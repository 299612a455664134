"""Tests of the schemas and of the checks made from them."""
