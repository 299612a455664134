"""Both stores on Redis 6.2 or later, or Valkey: one server, Sentinel or Cluster.

Every operation is one server-side script. ``lua/`` holds the scripts of the message store
(``data_*.lua``) and of the management store (``control_*.lua``); :mod:`angarium_redis.scripts` puts
what a script shares with others before its text.
"""
