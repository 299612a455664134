"""Programs for people who work on Angarium."""
