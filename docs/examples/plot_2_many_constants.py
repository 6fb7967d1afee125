"""
Walking around the Mandelbrot set
=================================

The shape of a Julia set depends on c alone. Here c walks along the edge of the main cardioid of the
Mandelbrot set, a little outside of it. Where it meets one of the discs that sit on the cardioid, the set has
an interior.
"""

import matplotlib.pyplot as plt
import numpy as np

import perfpy

turns = np.array([0.02, 0.1, 0.2, 0.25, 1 / 3, 0.381966, 0.4, 0.45, 0.5, 0.618034, 0.75, 0.9])
angles = 2 * np.pi * turns
edge = np.exp(1j * angles) / 2 - np.exp(2j * angles) / 4
constants = edge * 1.02

figure, grid = plt.subplots(3, 4, figsize=(9, 7), layout="constrained")
for c, axes in zip(constants, grid.flat, strict=True):
    counts = perfpy.julia(300, 300, c=c, max_iterations=200)
    axes.imshow(np.log(counts + 1), cmap="magma")
    axes.set_title(f"{c:.3f}", fontsize=9)
    axes.set_axis_off()
plt.show()

# %%
# Two halves of each picture are the same, turned by 180 degrees: z and -z go to the same point in one step.
counts = perfpy.julia(np.linspace(-1.5, 1.5, 301), np.linspace(-1.5, 1.5, 301), c=constants[0])
print("equal to itself turned by 180 degrees:", bool((counts == counts[::-1, ::-1]).all()))
