"""The backends of each counter, and what they promise."""

from __future__ import annotations

from perfpy._dispatch import Backend, Technique, Traits

_HERE = "perfpy.techniques.counting"


def _table(name: str, family: str, note: str) -> Technique:
    return Technique(
        name,
        (
            Backend("python", f"{_HERE}._python:Python{family}", traits=Traits(note="the definition")),
            Backend(
                "numpy",
                f"{_HERE}._numpy:Numpy{family}",
                package="numpy",
                traits=Traits(note="batches of keys as arrays"),
            ),
            Backend(
                "c",
                f"{_HERE}._c:C{family}",
                extension="perfpy._ext.counting._c",
                traits=Traits(releases_gil=True, interruptible=True, note=note),
            ),
        ),
        auto=("c", "numpy"),
    )


LINEAR_COUNTING = _table("linear_counting", "LinearCounting", "batches of hashes, a bit for each")
LOGLOG = _table("loglog", "LogLog", "batches of hashes, a register for each")
SUPERLOGLOG = _table("superloglog", "SuperLogLog", "as loglog: only the estimate is another")
K_MINIMUM_VALUES = _table("k_minimum_values", "KMinimumValues", "what is too large is passed over at once")
MORRIS_COUNTER = Technique(
    "morris_counter",
    (
        Backend(
            "python", f"{_HERE}._morris_python:PythonMorrisCounter", traits=Traits(note="the definition")
        ),
        Backend(
            "numpy",
            f"{_HERE}._morris_numpy:NumpyMorrisCounter",
            package="numpy",
            traits=Traits(interruptible=True, note="batches of events as arrays"),
        ),
        Backend(
            "c",
            f"{_HERE}._morris_c:CMorrisCounter",
            extension="perfpy._ext.counting._morris",
            traits=Traits(
                releases_gil=True, interruptible=True, note="draws from numpy's generator in a loop"
            ),
        ),
    ),
    auto=("c", "numpy"),
)
