"""Placeholder of the first commit."""
from perfpy.techniques.julia._numpy import julia as julia
