"""Compiled backends of prime numbers; private."""
