"""Message store and management store on SQLite, PostgreSQL and MySQL or MariaDB.

``data`` and ``control`` are the two drivers. Behind the message store there are two ways to carry
out an operation: ``core`` (SQLite and MySQL: a short transaction with a fixed number of statements)
and ``postgresql`` (one call of a function in the database). ``database`` reaches a database and
translates its failures; ``tables`` and ``migrations`` are its schema.
"""
