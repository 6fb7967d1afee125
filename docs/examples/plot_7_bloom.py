"""
A Bloom filter fills up
=======================

How often strangers are found while keys are added, as measured and as the filter expects it from its bits.
"""

import matplotlib.pyplot as plt
import numpy as np

import perfpy

CAPACITY, STEP = 100_000, 5_000
strangers = np.arange(10**9, 10**9 + 10**6)
forms = {"blocked": {}, "classic": {"layout": "classic"}, "scalable": {"scalable": True}}
counts = np.arange(STEP, 2 * CAPACITY + 1, STEP)
measured, expected = {}, {}
for form, options in forms.items():
    capacity = CAPACITY // 100 if form == "scalable" else CAPACITY
    seen = perfpy.bloom_filter(capacity, 0.01, **options)
    rows = []
    for count in counts:
        seen.update(np.arange(count - STEP, count))
        rows.append((seen.contains(strangers).mean(), seen.expected_error()))
    measured[form], expected[form] = np.transpose(rows)

# %%
# Both layouts have the error rate that was asked for when as many keys are in them as they are for, and a
# higher one from then on. The scalable filter started at a hundredth of the capacity, and keeps its word.

figure, axes = plt.subplots(figsize=(8.5, 4), layout="constrained")
for form in forms:
    (line,) = axes.semilogy(counts, measured[form], "o", ms=3, label=f"{form}: measured")
    axes.semilogy(counts, expected[form], color=line.get_color(), lw=1)
axes.axhline(0.01, color="grey", lw=0.8)
axes.axvline(CAPACITY, color="grey", lw=0.8)
axes.set(xlabel="keys", ylabel="strangers that are found", ylim=(1e-5, 0.3))
axes.legend(frameon=False)
plt.show()

# %%
# The bits of the first 64 blocks of a blocked filter that is full: a row is a line of the cache. Lines get
# more or fewer keys by chance, and the fullest make most of the errors. The formula counts that in.

full = perfpy.bloom_filter(CAPACITY, 0.01, items=np.arange(CAPACITY))
payload = full.to_bytes()[-full.nbytes :]
bits = np.unpackbits(np.frombuffer(payload, np.uint8)[: 64 * 64]).reshape(64, 512)
figure, axes = plt.subplots(figsize=(8.5, 2.2), layout="constrained")
axes.imshow(bits, cmap="Greys", interpolation="nearest", aspect="auto")
axes.set(xlabel="bit of the line", ylabel="block")
plt.show()
