"""
A Julia set
===========

The counts are the picture: each pixel's colour says how many steps its point takes to leave the disc of
radius 2.
"""

import matplotlib.pyplot as plt
import numpy as np

import perfpy

x = np.linspace(-1.7, 1.7, 1360)
y = np.linspace(1.0, -1.0, 800)
counts = perfpy.julia(x, y, c=-0.62772 - 0.42193j, max_iterations=500)

# %%
# Most points leave within a few steps and a few take hundreds, so the colours follow the logarithm of the
# count. Points that never left get the colour for "too large".

escaped = np.ma.masked_equal(counts, 500)
colours = plt.get_cmap("magma").with_extremes(bad="#0c0c14")

figure, axes = plt.subplots(figsize=(8.5, 5), layout="constrained")
axes.imshow(np.log(escaped + 1), cmap=colours, extent=(x[0], x[-1], y[-1], y[0]))
axes.set(xlabel="Re z", ylabel="Im z", title="c = -0.62772 - 0.42193i")
plt.show()
