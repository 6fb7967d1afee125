"""The SIMD kernel behind a hand-written CPython extension."""

from perfpy._ext.pi._c import ISA, count_inside

__all__ = ["ISA", "count_inside"]
