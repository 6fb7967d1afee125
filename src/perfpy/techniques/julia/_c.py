"""The SIMD kernel behind a hand-written CPython extension: the cheapest call."""

from perfpy._ext.julia._c import ISA, julia

__all__ = ["ISA", "julia"]
