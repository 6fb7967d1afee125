"""Compiled backends of the structures that count different keys; private."""
