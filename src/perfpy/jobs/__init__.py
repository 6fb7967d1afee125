"""Calls of techniques that outlive the process that asked for them.

`submit` puts a call into a queue; ``perfpy worker`` takes it out, on this machine or another, and leaves the
result there. Whoever knows the job's id can ask for it, today or tomorrow.
"""

from __future__ import annotations

from perfpy.queues import Entry, State

from ._call import TRIALS
from ._job import Job, dead, get, listing, submit
from ._work import work

__all__ = ["Entry", "Job", "State", "TRIALS", "dead", "get", "listing", "submit", "work"]
