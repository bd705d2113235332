"""Test tools for hunt and its users: an oracle for histories, and breaker state machines."""
