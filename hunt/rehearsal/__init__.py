"""Plays a test hunt against a running server, and judges what its players saw."""
