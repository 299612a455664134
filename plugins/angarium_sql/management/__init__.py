"""The management store on all databases: records of queues, subscriptions, pools, flavors.

A function of these modules carries out one operation inside a transaction that it is given. Every
change that gives out an epoch, finds the pools as they are or changes them begins with the counter
of epochs and keeps it locked: so two of them never wait for each other crosswise, and a record
never names a pool that another one is just deleting.
"""
