"""Compiled backends of the counters of keys; private."""
