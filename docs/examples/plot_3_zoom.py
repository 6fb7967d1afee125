"""
Zooming in
==========

The axes can be any coordinates, so a zoom is a matter of asking for smaller ones. The boundary looks alike at
every scale, and the more it is magnified, the longer its points take to escape.
"""

import matplotlib.pyplot as plt
import numpy as np

import perfpy

c = -0.7269 + 0.1889j
centre = (1 + np.sqrt(1 - 4 * c)) / 2  # a fixed point: it goes to itself, so it is on every scale's boundary

figure, grid = plt.subplots(1, 4, figsize=(10, 3), layout="constrained")
for axes, half_width in zip(grid, (1.6, 0.16, 0.016, 0.0016), strict=True):
    steps = np.linspace(-half_width, half_width, 400)
    counts = perfpy.julia(centre.real + steps, centre.imag - steps, c=c, max_iterations=2000)
    axes.imshow(np.log(counts + 1), cmap="magma")
    axes.set_title(f"width {2 * half_width:g}\ncounts {counts.min()} to {counts.max()}", fontsize=9)
    axes.set_axis_off()
plt.show()
