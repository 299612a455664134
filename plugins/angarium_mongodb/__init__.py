"""Message store and management store on MongoDB: a replica set or a sharded cluster.

``data`` and ``control`` are the two drivers. ``deployment`` reaches a deployment and carries out
work in transactions; ``failures`` says what its errors mean. A function of ``posting``,
``reading``, ``deleting``, ``claiming``, ``dead_letters``, ``queues`` and ``moving`` carries out one
operation on messages inside a transaction that it is given, with a fixed number of commands
whatever the size of the batch. ``documents`` and ``schema`` fix what is stored, and under which
indexes.
"""
