"""
How to cut the work
===================

Who computes what when, of a second of work on eight workers: one is half as fast, pieces are uneven, and
each costs whoever hands it out 0.3 ms. ``perfpy.lab.simulate`` computes nothing; it moves a clock.

With a piece for each worker, all wait for the slow one. With very many, all wait for the next piece. perfpy's
pieces shrink as the work runs out, so that few are sent and the last ones are short.
"""

import matplotlib.pyplot as plt

from perfpy import lab

workers = [1.0] * 7 + [0.5]
options = {"costs": lab.Costs(overhead=2e-4, dispatch=3e-4), "uneven": 0.3, "seed": 1}
runs = {
    "a piece for each worker": lab.simulate([1 / 8] * 8, workers, **options),
    "a thousand pieces": lab.simulate([1 / 1000] * 1000, workers, **options),
    "pieces sized by perfpy": lab.simulate(1.0, workers, shortest=0.002, **options),
}

figure, panels = plt.subplots(len(runs), figsize=(8, 6), sharex=True, layout="constrained")
for axes, (name, run) in zip(panels, runs.items(), strict=True):
    rows, begun, seconds = zip(*((span.worker, span.begun, span.seconds) for span in run.spans), strict=True)
    axes.barh(rows, seconds, left=begun, height=0.8, color="#219ebc", edgecolor="white", lw=0.3)
    axes.axvline(run.seconds, color="#e76f51")
    axes.set_title(f"{name}: {run.seconds * 1e3:.0f} ms, workers {run.efficiency:.0%} busy", loc="left")
    axes.set_ylabel("worker")
panels[-1].set_xlabel("seconds")
plt.show()

# %%
# The work would take these workers 133 ms if they shared it to the last instant. The mean of forty seeds:

for pieces in (8, 16, 64, 250, 1000):
    times = [
        lab.simulate([1 / pieces] * pieces, workers, **{**options, "seed": seed}).seconds
        for seed in range(40)
    ]
    print(f"{pieces:4} equal pieces: {sum(times) / 40 * 1e3:.0f} ms")
times = [
    lab.simulate(1.0, workers, shortest=0.002, **{**options, "seed": seed}).seconds for seed in range(40)
]
print(f"   pieces by perfpy: {sum(times) / 40 * 1e3:.0f} ms")
