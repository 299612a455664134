"""Configuration: which options there are, where their values come from, and which make no sense."""

from angarium.config.loading import load

__all__ = ["load"]
