"""The REST door: version 2 of the API over HTTP, for Granian or any WSGI server."""
