"""The WebSocket door (contract, ``websocket-v2.md``)."""
