"""The laboratory: takes any technique and compares its backends; knows none of them by name."""

from .comparison import Comparison, Row, Verdict
from .machine import BuildInfo, build_info
from .run import compare

__all__ = ["BuildInfo", "Comparison", "Row", "Verdict", "build_info", "compare"]
