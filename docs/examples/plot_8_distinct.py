"""
Different keys, counted in four kilobytes
=========================================

How far sketches of different keys are off, from ten keys to a million: the root of the mean square of 24
trials, each with a hash of its own.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np

import perfpy

sketches = {
    "LogLog": partial(perfpy.loglog, precision=12),
    "SuperLogLog": partial(perfpy.superloglog, precision=12),
    "k minimum values": partial(perfpy.k_minimum_values, k=512),
    "linear counting": partial(perfpy.linear_counting, bits=2**15),
    "HyperLogLog": partial(perfpy.hyperloglog, precision=12),
    "ExaLogLog": partial(perfpy.exaloglog, precision=10),
}
keys = np.arange(1_000_000)
places = np.unique(np.geomspace(10, keys.size, 60).astype(int))


def errors(make, seed):
    """Count at all places on the way of one sketch."""
    sketch, counts = make(seed=seed), []
    for start, stop in zip([0, *places[:-1]], places, strict=True):
        sketch.update(keys[start:stop])
        counts.append(sketch.count())
    return np.array(counts) / places - 1


# %%
# Those that keep ranks alone are lost while registers are empty. Linear counting ends where its bits do.
# HyperLogLog and ExaLogLog are exact at first, and then within their theory: the dotted lines.

figure, axes = plt.subplots(figsize=(8.5, 4.5), layout="constrained")
for number, (name, make) in enumerate(sketches.items()):
    found = np.array([errors(make, seed) for seed in range(24)])
    axes.loglog(places, 100 * np.sqrt((found**2).mean(axis=0)), label=name, color=f"C{number}")
for error, color in [(1.04 / 64, "C4"), (0.363 / 32, "C5")]:
    axes.axhline(100 * error, ls=":", lw=1, color=color)
axes.set(xlabel="different keys", ylabel="error in percent", ylim=(0.1, 200))
axes.legend(frameon=False, ncols=2)
plt.show()
