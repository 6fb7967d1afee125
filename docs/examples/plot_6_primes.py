"""
Primes, near and far
====================

Where the next prime is looks like chance from near by. How many there are below x looks like a law from far
away.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expi

import perfpy

primes = perfpy.primes(10**7)

# %%
# The law is Gauss's integral of 1 / log t, which `scipy.special.expi` has. Its error is far smaller than the
# square root of x, and here always of one sign: the first change is known to be below 1.4e316.

x = np.geomspace(100, 10**7, 5000)
counted = np.searchsorted(primes, x, side="right")
figure, axes = plt.subplots(figsize=(8.5, 3.5), layout="constrained")
axes.semilogx(x, expi(np.log(x)) - counted, lw=0.7, label="li(x) - count of primes up to x")
axes.semilogx(x, np.sqrt(x) / np.log(x), label="sqrt(x) / log(x)")
axes.set(xlabel="x")
axes.legend(frameon=False)
plt.show()

# %%
# The distances from prime to prime, below 10**7 and among the same number of primes above 10**15. The most
# frequent distance is 6 in both, and multiples of 6 stand out.

far = next(perfpy.prime_blocks(10**15, size=primes.size))
figure, axes = plt.subplots(figsize=(8.5, 3.5), layout="constrained")
for found, label in [(primes, "below 10**7"), (far, "above 10**15")]:
    gaps = np.bincount(np.diff(found).astype(np.int64), minlength=102)[2:102:2]
    axes.step(np.arange(2, 102, 2), gaps, where="mid", label=label)
axes.set(xlabel="distance to the next prime", ylabel="how often")
axes.legend(frameon=False)
plt.show()
