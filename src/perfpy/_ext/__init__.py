"""Compiled code of perfpy; private."""
