"""The WebSocket door (``websocket-v2.md``), with a client that nobody here wrote."""
