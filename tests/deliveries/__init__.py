"""Subscribers of running servers, from the request to what they get."""
