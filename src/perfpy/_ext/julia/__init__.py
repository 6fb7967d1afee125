"""Compiled backends of Julia sets; private."""
