"""Compiled backends of diffusion; private."""
