"""Notices, duties and lanes on all databases (``docs/interfaces.rst``).

Each method is one short transaction. Who changes the duties of a lane locks the lane first; several
rows of a table are locked in the order of their numbers, and notices before lanes. Which rows these
are is looked up without locks beforehand: a search that locks would, on MySQL, lock what it passes.
"""
