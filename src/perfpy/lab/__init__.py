"""The laboratory: takes any technique and compares its backends; knows none of them by name."""

from .comparison import Comparison, Row, Verdict
from .ipc_report import IpcReport, IpcRow
from .ipc_run import ipc
from .machine import BuildInfo, build_info
from .run import compare

__all__ = ["BuildInfo", "Comparison", "IpcReport", "IpcRow", "Row", "Verdict", "build_info", "compare", "ipc"]
