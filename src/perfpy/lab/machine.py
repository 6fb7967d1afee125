"""What the figures were measured on, and what this perfpy was built from."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from perfpy import _build, techniques


@dataclass(frozen=True, slots=True)
class Machine:
    """The header of a report.

    Attributes
    ----------
    cpu : str
        Model name.
    cores : int
        Logical cores that this process may use.
    memory_bytes : int
        Memory of the machine.
    system, python : str
        Operating system; implementation and version of Python.
    versions : dict
        Versions of perfpy and numpy.
    isas : tuple of str
        Instruction sets that the kernels were built for.
    load : float
        Processes that wanted to run in the last minute, when the comparison began.
    """

    cpu: str
    cores: int
    memory_bytes: int
    system: str
    python: str
    versions: dict[str, str]
    isas: tuple[str, ...]
    load: float

    @property
    def busy(self) -> bool:
        """Whether other programs were running, so that times are longer than they need be."""
        return self.load > 0.5 * self.cores


def machine() -> Machine:
    """Describe this machine as it is now."""
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=_system(),
        python=_python(),
        versions={"perfpy": _build.__version__, "numpy": _version("numpy")},
        isas=tuple(_build.ISAS),
        load=round(os.getloadavg()[0], 2),
    )


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "Model"):
                return value.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = platform.system()
    return f"{name}, kernel {platform.release()}, {platform.machine()}"


def _python() -> str:
    locked = getattr(sys, "_is_gil_enabled", lambda: True)()
    return (
        f"{platform.python_implementation()} {platform.python_version()}{'' if locked else ' free-threaded'}"
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


@dataclass(frozen=True, slots=True)
class BuildInfo:
    """What was built and what was chosen; see `build_info`.

    Attributes
    ----------
    version : str
        Of perfpy.
    compiler, host, build_type : str
        What compiled it, for which processor and system, and how.
    isas : tuple of str
        Instruction sets for which the C kernels were built.
    pythran : bool
        Whether the Pythran backends were built.
    sanitizers : str
        Sanitizers that are built in, ``"none"`` as a rule.
    chosen : dict
        For each technique, backend name to the instruction set that it runs on here.
    """

    version: str
    compiler: str
    host: str
    build_type: str
    isas: tuple[str, ...]
    pythran: bool
    sanitizers: str
    chosen: dict[str, dict[str, str]]

    def __str__(self) -> str:
        """Show one fact a line."""
        facts = {
            "perfpy": self.version,
            "compiler": self.compiler,
            "host": self.host,
            "build type": self.build_type,
            "instruction sets": ", ".join(self.isas),
            "pythran": "yes" if self.pythran else "no",
            "sanitizers": self.sanitizers,
        }
        for technique, backends in self.chosen.items():
            facts[technique] = ", ".join(f"{name}: {isa}" for name, isa in backends.items()) or "-"
        width = max(map(len, facts))
        return "\n".join(f"{name:<{width}}  {fact}" for name, fact in facts.items())


def build_info() -> BuildInfo:
    """Say how this perfpy was built, and which instruction set each kernel chose on this machine.

    Returns
    -------
    BuildInfo
        Version, compiler, host, build type, instruction sets, Pythran, sanitizers, and what was chosen.

    See Also
    --------
    perfpy.backends : Every backend of a technique, and why those that are missing are missing.

    Examples
    --------
    >>> import perfpy
    >>> info = perfpy.build_info()
    >>> "baseline" in info.isas
    True
    """
    return BuildInfo(
        version=_build.__version__,
        compiler=_build.COMPILER,
        host=_build.HOST,
        build_type=_build.BUILD_TYPE,
        isas=tuple(_build.ISAS),
        pythran=_build.PYTHRAN,
        sanitizers=_sanitizers(_build.SANITIZE),
        chosen={
            technique: {row.name: row.isa for row in techniques.find(technique).rows() if row.isa}
            for technique in techniques.names()
        },
    )


def _sanitizers(option: str) -> str:
    """Read meson's ``b_sanitize``: a word, or a list in newer versions."""
    return option.strip("[]").replace("'", "") or "none"
