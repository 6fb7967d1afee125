"""What `scaling` found out: measured calls, the model fitted to them, and what it predicts."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from .machine import Machine
from .scaling_model import Model, fit, resampled
from .scaling_trace import Sample

SCHEMA = 1
_RESAMPLINGS = 200


@dataclass(frozen=True)
class Scaling:
    """How a technique scales; what `perfpy.lab.scaling` returns.

    Attributes
    ----------
    technique, workload, description : str
        What was called, on which input.
    executor, backend : str
        On which engine; which backend computed.
    alone : tuple of float
        Seconds of the calls without an executor, to which speed-ups refer.
    samples : tuple of Sample
        The calls on the engine.
    probe : Sample
        Pieces of known length on the engine with one worker.
    start : float
        Seconds that it took to start the engine with the most workers that were measured.
    longest, shortest : float
        Seconds that the engine wants a piece to last at most and at least.
    taken : bool
        Whether its workers take pieces themselves, rather than being sent them.
    rehearsed : mapping of int to float
        Number of workers to the seconds of a call whose pieces were computed one after the other, on a
        simulated clock.
    predict : tuple of int
        Numbers of workers that the table goes on to.
    machine : Machine
        What the figures were measured on.
    started : str
        Date and time, ISO 8601.
    """

    technique: str
    workload: str
    description: str
    executor: str
    backend: str
    alone: tuple[float, ...]
    samples: tuple[Sample, ...]
    probe: Sample
    start: float
    longest: float
    shortest: float
    taken: bool
    rehearsed: Mapping[int, float]
    predict: tuple[int, ...]
    machine: Machine
    started: str
    schema: int = field(default=SCHEMA)

    @cached_property
    def model(self) -> Model:
        """The model, fitted to all calls."""
        return self._fitted(self.samples)

    @property
    def workers(self) -> tuple[int, ...]:
        """The numbers of workers that were measured."""
        return tuple(sorted({sample.workers for sample in self.samples}))

    def measured(self, workers: int) -> float | None:
        """Return the median seconds of the calls on so many workers, or None if there were none."""
        found = [s.seconds for s in self.samples if s.workers == workers and s.asked == self.longest]
        return statistics.median(found) if found else None

    def seconds(self, workers: int) -> float:
        """Return how long the model expects a call to take on so many workers."""
        return self.model.seconds(workers)

    def speedup(self, workers: int) -> float:
        """Return how many times as fast as without an executor the model expects a call to be."""
        return statistics.median(self.alone) / self.seconds(workers)

    def efficiency(self, workers: int) -> float:
        """Return the speed-up for each worker."""
        return self.speedup(workers) / workers

    def interval(self, workers: int) -> tuple[float, float]:
        """Return between which speed-ups the model's is, for all that the spread of the calls says.

        It covers 95 % of the predictions of models that are fitted to calls drawn from those that were
        measured, with replacement. It knows nothing of what did not vary while they were measured: other
        machines, and what as many workers share that two do not.
        """
        found = [alone / model.seconds(workers) for alone, model in self._resampled]
        low, high = np.quantile(found, [0.025, 0.975])
        return float(low), float(high)

    @cached_property
    def _resampled(self) -> list[tuple[float, Model]]:
        random = np.random.default_rng(0)
        made = []
        for _ in range(_RESAMPLINGS):
            alone = statistics.median(random.choice(self.alone, size=len(self.alone)))
            made.append((float(alone), self._fitted(resampled(self.samples, random))))
        return made

    def _fitted(self, samples: Sequence[Sample]) -> Model:
        return fit(samples, longest=self.longest, shortest=self.shortest, taken=self.taken, probe=self.probe)

    def smallest_piece(self, workers: int, efficiency: float = 0.9) -> float:
        """Return the seconds of a piece with which workers spend that share of their time on pieces."""
        return self.model.costs.smallest_piece(workers, efficiency)

    def to_dict(self) -> dict[str, Any]:
        """Return what was measured, as dicts, lists, strings and numbers."""
        content = asdict(self)
        content["rehearsed"] = {str(workers): seconds for workers, seconds in self.rehearsed.items()}
        return content

    def to_json(self) -> str:
        """Return what was measured as JSON; `from_json` reads it back."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Scaling:
        """Rebuild from what `to_dict` gave."""
        if content.get("schema") != SCHEMA:
            raise ValueError(f"expected a scaling of schema {SCHEMA}, not {content.get('schema')!r}")
        values = {item.name: content[item.name] for item in fields(cls)}
        values["alone"] = tuple(content["alone"])
        values["samples"] = tuple(Sample(**sample) for sample in content["samples"])
        values["probe"] = Sample(**content["probe"])
        values["rehearsed"] = {int(workers): seconds for workers, seconds in content["rehearsed"].items()}
        values["predict"] = tuple(content["predict"])
        values["machine"] = Machine(**{**content["machine"], "isas": tuple(content["machine"]["isas"])})
        return cls(**values)

    @classmethod
    def from_json(cls, text: str) -> Scaling:
        """Rebuild from what `to_json` gave."""
        return cls.from_dict(json.loads(text))

    def plot(self, path: str | Path) -> None:
        """Draw the speed-up over the number of workers into a PNG, SVG or PDF file."""
        from .scaling_plot import draw

        draw(self, Path(path))

    def __str__(self) -> str:
        """Show table and model as plain text."""
        from .scaling_text import render

        return render(self)
