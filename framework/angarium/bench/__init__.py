"""``angarium bench``: requests per second of any server of this API, and what they are worth.

Every measurement is repeated over many rounds, in which all that is compared takes turns, so that
whatever else happens on the machine hits all of it alike. Each result is also a share of the
*constant* (a Flask route that does nothing) and, where one is named, of the *floor* (a Flask route
whose only work is one write to the same back end). Docs: ``docs/benchmark.rst``.
"""
