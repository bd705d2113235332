"""Generators of single pages of the reference, used by ``docs/generate.py``."""
