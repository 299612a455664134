"""Angarium: a multi-tenant message service built around plugins."""
