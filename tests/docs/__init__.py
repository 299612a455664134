"""The reference pages, held to the code."""
