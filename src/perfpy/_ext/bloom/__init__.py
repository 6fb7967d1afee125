"""Compiled backends of Bloom filters; private."""
