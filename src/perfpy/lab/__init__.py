"""The laboratory: takes any technique and compares its backends; knows none of them by name."""

from .comparison import Comparison, Row, Verdict
from .ipc_report import IpcReport, IpcRow
from .ipc_run import ipc
from .machine import BuildInfo, build_info
from .run import compare
from .scaling_costs import Costs
from .scaling_events import Simulated, Span
from .scaling_model import Model
from .scaling_result import Scaling
from .scaling_run import Stage, scaling
from .scaling_simulate import simulate
from .scaling_trace import Sample

__all__ = [
    "BuildInfo",
    "Comparison",
    "Costs",
    "IpcReport",
    "IpcRow",
    "Model",
    "Row",
    "Sample",
    "Scaling",
    "Simulated",
    "Span",
    "Stage",
    "Verdict",
    "build_info",
    "compare",
    "ipc",
    "scaling",
    "simulate",
]
