"""The tests of Angarium; `make test` runs them all."""
