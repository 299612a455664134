"""The message store on SQLite and MySQL: one short transaction for each operation.

A function of these modules carries out one operation inside a transaction that it is given. The
number of its statements is fixed, whatever the size of the batch. Rows are locked where MySQL needs
it; SQLite has one writer at a time and takes the locking clauses for nothing.
"""
