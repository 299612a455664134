"""Whole scenarios: programs that work together through a server, and servers that die."""
