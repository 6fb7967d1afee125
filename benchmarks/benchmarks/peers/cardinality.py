"""Other packages that count different keys, in the way that costs them least."""

from __future__ import annotations

import numpy as np

PRECISION = 14


def integers(count):
    """Return random integers, nearly all of them different."""
    return np.random.default_rng(2025).integers(0, 2**62, count)


def strings(count):
    """Return different strings of about 15 characters."""
    return [f"word {number * 7919}" for number in range(count)]


def polars_title():
    """Return what the column of polars is called: it has 14 bits of precision, too, and takes all cores."""
    try:
        import polars
    except ImportError:
        return "polars"
    return f"polars, {polars.thread_pool_size()} threads"


def polars_count(keys):
    """Return a call that counts the keys of a column, which is there already."""
    import polars

    return polars.Series(keys).approx_n_unique


def polars_list_count(keys):
    """Return a call that makes a column of a list first."""
    import polars

    return lambda: polars.Series(keys).approx_n_unique()


def zpds_count(keys):
    """Return a call that counts the keys of an array or a list."""
    from zpds import HyperLogLog

    def count():
        sketch = HyperLogLog(PRECISION)
        sketch.add_many(keys)
        return sketch.estimate()

    return count


def zpds_count_singly(keys):
    """Return a call that adds keys one by one."""
    from zpds import HyperLogLog

    def count():
        sketch = HyperLogLog(PRECISION)
        add = sketch.add
        for key in keys:
            add(key)
        return sketch.estimate()

    return count


def datasketches_count(keys):
    """Return a call that adds keys one by one: there is no other way."""
    from datasketches import hll_sketch, tgt_hll_type

    def count():
        sketch = hll_sketch(PRECISION, tgt_hll_type.HLL_8)
        update = sketch.update
        for key in keys:
            update(key)
        return sketch.get_estimate()

    return count


#: What is timed, by name.
CALLS = {
    "polars: 10**6 int64": lambda: polars_count(integers(10**6)),
    "polars: 10**7 int64": lambda: polars_count(integers(10**7)),
    "polars: column of 10**6 str": lambda: polars_count(strings(10**6)),
    "polars: list of 10**6 str": lambda: polars_list_count(strings(10**6)),
    "zpds: 10**6 int64": lambda: zpds_count(integers(10**6)),
    "zpds: list of 10**6 str": lambda: zpds_count(strings(10**6)),
    "datasketches: 10**6 str one by one": lambda: datasketches_count(strings(10**6)),
}
