"""
Comparing backends
==================

``perfpy.compare`` runs each backend in a fresh process, checks its result against plain Python, and only then
believes its time. The workload here is the smallest, 100 by 100 points, on which the fixed cost of a call
counts as much as its speed; the page on Julia sets shows larger ones.
"""

import matplotlib.pyplot as plt

import perfpy

comparison = perfpy.compare("julia", workload="tiny", backends=["python", "numpy", "cython", "cffi", "c"])
print(comparison)

# %%
# A row has everything that was measured. ``minimum`` is the fastest of the warm rounds.

names = [row.name for row in comparison.rows]
microseconds = [row.timing.minimum * 1e6 for row in comparison.rows]

figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
bars = axes.barh(names, microseconds, color="#219ebc")
axes.bar_label(bars, labels=[f" {value:,.0f} µs" for value in microseconds], color="#808790")
axes.set_xscale("log")
axes.set_xlim(right=max(microseconds) * 4)
axes.invert_yaxis()
axes.set(xlabel="microseconds per call", title="100 x 100 points, 100 iterations")
plt.show()
