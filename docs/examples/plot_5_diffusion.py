"""
A melting pattern
=================

Heat spreads from where there is much to where there is little. Sharp edges go first: a pattern of wavelength
L fades in a time that grows with the square of L.
"""

import matplotlib.pyplot as plt
import numpy as np

import perfpy

x = np.linspace(0, 1, 400)
wavelengths = 1 / (2 + 30 * x**2)  # ever finer to the right
stripes = np.sign(np.sin(2 * np.pi * np.cumsum(1 / wavelengths) / x.size))
field = np.tile(stripes, (150, 1))
field[40:110] *= -1

# %%
# `perfpy.iter_diffuse` gives out the field along the way. Nothing flows through the sides.

figure, grid = plt.subplots(4, 1, figsize=(8.5, 7), layout="constrained", sharex=True)
for axes, state in zip(
    grid, [field, *perfpy.iter_diffuse(field, 300, every=100, dt=0.2, boundary="neumann")], strict=True
):
    axes.imshow(state, cmap="RdBu_r", vmin=-1, vmax=1)
    axes.set_axis_off()
figure.suptitle("0, 100, 200 and 300 steps")
plt.show()

# %%
# A rod whose ends are held at two temperatures takes on a constant slope. 100,000 steps at once cost no more
# than one.

rod = np.zeros(200)
figure, axes = plt.subplots(figsize=(8.5, 3.5), layout="constrained")
for steps in (100, 1_000, 10_000, 100_000):
    held = (("dirichlet", 1.0), ("dirichlet", 0.0))
    axes.plot(perfpy.diffuse(rod, steps, boundary=held, method="spectral"), label=f"{steps:,} steps")
axes.set(xlabel="cell", ylabel="temperature")
axes.legend(frameon=False)
plt.show()
