"""Message store and management store in the memory of one process, gone when it ends.

For tests of what is built on Angarium, and for reading: the drivers are the model in plain Python
(:mod:`angarium.model`) that every other driver is compared with. This package gives them an
address, an option, and a refusal to serve with several processes.
"""
