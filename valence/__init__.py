"""Valence: the loop, and what it decides."""

__version__ = "0.1.0"
