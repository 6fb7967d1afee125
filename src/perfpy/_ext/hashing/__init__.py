"""Compiled hashing of keys."""
