"""
Pi, a digit for a hundred times the points
==========================================

How far estimates from random points are off, and that they are off by as much as they say.
"""

import matplotlib.pyplot as plt
import numpy as np

import perfpy

# %%
# The points of a seed are numbered, so an estimate from more points goes on where one from fewer ended. Each
# line is a seed on its way from a hundred points to a hundred million; the dashes are the standard error,
# which falls with the square root of their number.

counts = np.geomspace(100, 10**8, 60).astype(np.int64)
figure, axes = plt.subplots(figsize=(8.5, 4.5), layout="constrained")
for seed in range(8):
    errors = [abs(perfpy.estimate_pi(count, seed=seed).value - np.pi) for count in counts]
    axes.loglog(counts, errors, lw=1)
axes.loglog(counts, np.sqrt(np.pi * (4 - np.pi) / counts), "--", color="0.5", label="standard error")
axes.set(xlabel="points", ylabel="distance of the estimate from pi", ylim=(1e-7, 1))
axes.legend(frameon=False)
plt.show()

# %%
# Two thousand seeds with a hundred thousand points each, in standard errors that the estimates themselves
# tell, beside the normal distribution.

estimates = [perfpy.estimate_pi(10**5, seed=seed) for seed in range(2000)]
deviations = [(estimate.value - np.pi) / estimate.standard_error for estimate in estimates]
figure, axes = plt.subplots(figsize=(8.5, 3.5), layout="constrained")
axes.hist(deviations, bins=np.arange(-4, 4.1, 0.25), density=True, alpha=0.6)
x = np.linspace(-4, 4, 200)
axes.plot(x, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))
axes.set(xlabel="distance from pi in standard errors", ylabel="density")
plt.show()
