"""Servers of a store that are killed under load, and others that take over."""
