"""`perfpy.compare`: every backend in a fresh process, one after the other, verified against the reference."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from perfpy import techniques
from perfpy._dispatch import TOOLS, Backend, Technique
from perfpy._workload import Workload

from .comparison import Comparison, Row, Verdict
from .exchange import Exchange, Reply, Request, locate
from .lines import backend_lines
from .machine import machine
from .process import run_fresh
from .timing import ranks, summarise, tied


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a comparison is.

    Attributes
    ----------
    technique, backend, stage : str
        What is running, and what it is doing (``"first call"``, ``"warm rounds"``, ...).
    done, total : int
        Backends finished, and all backends.
    """

    technique: str
    backend: str
    stage: str
    done: int
    total: int


def compare(
    technique: str,
    *,
    workload: str = "small",
    backends: Sequence[str] | None = None,
    executor: str | None = None,
    rounds: int | None = None,
    timeout: float = 60.0,
    progress: Callable[[Progress], object] | None = None,
) -> Comparison:
    """Run the backends of a technique on the same input; verify them, then say what each of them costs.

    Each backend runs in a fresh process of its own. It is imported and called once (cold), its result is
    held against that of the reference, then it is called again in rounds (warm), and once more to see how far
    the call raises the memory of the process. A backend whose result is wrong, or that changes its input,
    crashes, hangs or raises, gets a row that says so and no rank.

    Parameters
    ----------
    technique : str
        Name of a technique, as ``"julia"``.
    workload : str, default: "small"
        One of the technique's named inputs.
    backends : sequence of str, optional
        Which backends. All if left out, but for those that would need minutes on this input. The reference is
        always run as well. A backend that cannot do what the workload is about gets a row that says so.
    executor : str, optional
        Passed to the technique's function; None runs in one thread.
    rounds : int, optional
        Warm rounds; as many as fit half a second, and at least three, if left out.
    timeout : float, default: 60
        Seconds after which a backend's process is killed. Rounds that would not fit are left out.
    progress : callable, optional
        Called with a `Progress` whenever something changes.

    Returns
    -------
    Comparison
        A row per backend, with `to_json`, `to_markdown`, `to_html` and `plot`.

    Raises
    ------
    ValueError
        If there is no such technique, workload or backend, or a number is out of range.
    TypeError
        If `executor` is not a string: an executor object cannot be handed to a fresh process.

    See Also
    --------
    perfpy.backends : What is available here.
    perfpy.register_backend : Add one of your own, to be compared with the others.

    Notes
    -----
    The reference is the backend ``"python"``; where that would need minutes, the first exact backend of the
    technique's table that would not. Speed-ups are ratios of medians. Two backends tie when the 95 %
    confidence intervals of their medians, each widened by 5 % for the noise between processes, overlap.

    Memory is the peak of the process during a call over what it held before the call, result included (Linux:
    ``VmHWM`` after a reset). Processes that an executor starts are not counted.

    A backend that is registered as a function must be importable by a fresh process. One that is not, a
    lambda or a function typed at the prompt, is sent by value where the package cloudpickle is installed.

    Examples
    --------
    >>> import perfpy
    >>> comparison = perfpy.compare("julia", workload="tiny", backends=["numpy", "c"], rounds=3)
    >>> [(row.name, str(row.verdict)) for row in comparison.rows]
    [('python', 'reference'), ('numpy', 'equal'), ('c', 'equal')]
    >>> comparison["c"].speedup > 10
    True
    """
    found = techniques.find(technique)
    chosen = find_workload(technique, workload)
    table = _selection(found, backends)
    _check(executor, rounds, timeout)
    started, clock = datetime.now().astimezone().isoformat(timespec="seconds"), time.perf_counter()
    header = machine()
    with tempfile.TemporaryDirectory(prefix="perfpy-") as directory:
        run = _Run(found, chosen, Path(directory), executor, rounds, timeout, progress or _ignore)
        named = frozenset() if backends is None else frozenset(backend.name for backend in table)
        rows = run.all(table, named)
    return Comparison(
        technique=technique,
        workload=chosen.name,
        description=chosen.description,
        executor=executor,
        reference=next((row.name for row in rows if row.verdict is Verdict.REFERENCE), ""),
        rows=_ranked(rows),
        machine=header,
        started=started,
        seconds=round(time.perf_counter() - clock, 3),
    )


def _ignore(_: Progress) -> None:
    """Show nothing."""


@dataclass
class _Run:
    """One comparison under way."""

    technique: Technique
    workload: Workload
    directory: Path
    executor: str | None
    rounds: int | None
    timeout: float
    progress: Callable[[Progress], object]
    done: int = 0
    total: int = 0

    @property
    def reference_file(self) -> Path:
        return self.directory / "reference"

    def all(self, table: Sequence[Backend], named: frozenset[str]) -> list[Row]:
        """Run the reference, then the others; the rows are in the order of the table, the reference first."""
        tried: dict[str, Row] = {}
        self.total = len(table)
        for candidate in self._references(named):
            self.total = len({backend.name for backend in table} | set(tried) | {candidate.name})
            row = self._row(candidate, Verdict.REFERENCE)
            tried[candidate.name] = row
            if row.verdict is Verdict.REFERENCE:
                break
            self.reference_file.unlink(missing_ok=True)
        rows = sorted(tried.values(), key=lambda row: row.verdict is not Verdict.REFERENCE)
        for backend in table:
            if backend.name not in tried:
                rows.append(self._other(backend, named))
        self._report("", "done")
        return rows

    def _references(self, named: frozenset[str]) -> list[Backend]:
        """Return who may be the reference: perfpy's own exact backends that are quick enough, in order."""
        return [
            backend
            for backend in self.technique.backends()
            if not backend.peer
            and backend.name in TOOLS
            and backend.traits.exact
            and (backend.name in named or backend.name not in self.workload.too_slow_for)
            and backend.cannot(self.workload.needs) is None
            and backend.obstacle() is None
        ]

    def _other(self, backend: Backend, named: frozenset[str]) -> Row:
        lacking = backend.cannot(self.workload.needs)
        if lacking is not None:
            self._finish()
            reason = f"cannot take {lacking[0]}={lacking[1]!r}, which this workload is about"
            return Row(backend.name, Verdict.SKIPPED, reason, peer=backend.peer, lines=_lines(backend))
        if backend.name in self.workload.too_slow_for and backend.name not in named:
            self._finish()
            reason = f"would need minutes on {self.workload.name!r}; name it to run it all the same"
            return Row(backend.name, Verdict.SKIPPED, reason, peer=backend.peer, lines=_lines(backend))
        if not self.reference_file.exists():
            self._finish()
            reason = "there is no reference result to hold it against"
            return Row(backend.name, Verdict.UNVERIFIED, reason, peer=backend.peer, lines=_lines(backend))
        return self._row(backend, Verdict.EQUAL)

    def _row(self, backend: Backend, success: Verdict) -> Row:
        """Run a backend and describe what came of it."""
        self._report(backend.name, "starting")
        obstacle = backend.obstacle()
        if obstacle is not None:
            reply = Reply(problem="missing", detail=obstacle)
        else:
            try:
                target, by_value = locate(backend)
            except ValueError as unreachable:
                reply = Reply(problem="missing", detail=str(unreachable))
            else:
                reply = self._fresh(backend, target, by_value)
        self._finish()
        return _row(backend, reply, success)

    def _fresh(self, backend: Backend, target: str, by_value: bool) -> Reply:
        directory = self.directory / f"{self.done}"
        directory.mkdir()
        request = Request(
            technique=self.technique.name,
            backend=backend.name,
            workload=self.workload.name,
            target=target,
            by_value=by_value,
            bound=max(backend.traits.bound, self.workload.bound),
            executor=self.executor,
            rounds=self.rounds,
            timeout=self.timeout,
        )
        exchange = Exchange(directory, self.reference_file)
        return run_fresh(request, exchange, on_stage=lambda stage: self._report(backend.name, stage))

    def _report(self, backend: str, stage: str) -> None:
        self.progress(Progress(self.technique.name, backend, stage, self.done, self.total))

    def _finish(self) -> None:
        self.done += 1


_PROBLEMS = {
    "missing": Verdict.MISSING,
    "raised": Verdict.RAISED,
    "mutates": Verdict.MUTATES,
    "differs": Verdict.DIFFERS,
    "crashed": Verdict.CRASHED,
    "timeout": Verdict.TIMEOUT,
}


def _row(backend: Backend, reply: Reply, success: Verdict) -> Row:
    if reply.problem:
        return Row(
            backend.name,
            _PROBLEMS[reply.problem],
            reply.detail,
            peer=backend.peer,
            largest_difference=reply.largest_difference,
            lines=_lines(backend),
        )
    verdict = Verdict.WITHIN if success is Verdict.EQUAL and reply.largest_difference else success
    return Row(
        backend.name,
        verdict,
        reply.detail,
        version=reply.version,
        isa=reply.isa,
        peer=backend.peer,
        timing=summarise(reply.seconds),
        import_seconds=reply.import_seconds,
        first_seconds=reply.first_seconds,
        memory_bytes=reply.memory_bytes,
        largest_difference=reply.largest_difference,
        lines=_lines(backend),
    )


def _lines(backend: Backend) -> int | None:
    return backend_lines(backend.target, backend.extension)


def _ranked(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Fill in what takes all rows: speed-ups, ranks and ties."""
    timings = {row.name: row.timing for row in rows if row.timing is not None}
    places = dict(zip(timings, ranks(list(timings.values())), strict=True))
    reference = next((row.timing for row in rows if row.verdict is Verdict.REFERENCE), None)
    ranked = []
    for row in rows:
        if row.timing is not None and reference is not None:
            ties = tuple(
                name for name, other in timings.items() if name != row.name and tied(row.timing, other)
            )
            speedup = reference.median / row.timing.median
            row = replace(row, speedup=speedup, rank=places[row.name], ties=ties)
        ranked.append(row)
    return tuple(ranked)


def find_workload(technique: str, name: str) -> Workload:
    """Return a named input of a technique; a `ValueError` lists the names."""
    workloads = techniques.workloads(technique)
    for workload in workloads:
        if workload.name == name:
            return workload
    known = ", ".join(workload.name for workload in workloads)
    raise ValueError(f"unknown workload {name!r} of {technique!r}: expected one of {known}")


def _selection(technique: Technique, names: Sequence[str] | None) -> list[Backend]:
    """Return the named backends in the order of the table; a `ValueError` says which is unknown."""
    table = technique.backends()
    if names is None:
        return list(table)
    if isinstance(names, str):
        raise TypeError(f"backends must be a sequence of names, not a str: {names!r}")
    chosen = {technique.resolve(name) for name in names}
    return [backend for backend in table if backend.name in chosen]


def _check(executor: str | None, rounds: int | None, timeout: float) -> None:
    if executor is not None and not isinstance(executor, str):
        raise TypeError(
            f"executor must be None or a str, not {type(executor).__name__}: each backend runs in a fresh "
            'process, which makes its own; name it, as "threads:4"'
        )
    if executor is not None:
        from perfpy import executors

        executors.resolve(executor)  # complains about what no backend could use
    if rounds is not None and rounds < 1:
        raise ValueError(f"rounds must be at least 1, not {rounds}")
    if not timeout > 0:
        raise ValueError(f"timeout must be more than 0 seconds, not {timeout}")
