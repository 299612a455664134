"""The conformance kit, run on every store that ships with Angarium."""
