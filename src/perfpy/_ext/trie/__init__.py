"""Compiled backends of tries; private."""
