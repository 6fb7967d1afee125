"""Primes of a window [start, stop), 0 <= start <= stop <= 2**64, by the segmented sieve.

Tuplets of `k` members are: 2, twins (p, p + 2); 3, triplets (p, p + 2, p + 6) and (p, p + 4, p + 6); 4,
quadruplets (p, p + 2, p + 6, p + 8). All members lie in the window, and the first ones are listed.
Cutting a window at numbers n with n % 30 == 7 separates the members of no constellation but those that
start with 3 or 5.

`out` is a writable contiguous array of native 4- or 8-byte integers that can hold stop - 1. Items behind
those written may be overwritten, so arrays that several threads fill must not overlap. If there is not
room for all, ValueError is raised, and the content of `out` is meaningless.

Memory of each call that runs: some MB, and above about 10**11 notes on large primes, up to 100 MB at
10**15 and 500 MB at 2**64; MemoryError if there is not as much. Every function runs without the GIL,
raises KeyboardInterrupt soon after Ctrl-C, and can be called by many threads at once.

To list with several threads, cut the window into pieces, anywhere, then either
- `fill` each piece into its place, if the number of primes before it is known (by counting); or
- `sieve` each piece to bits of its own, which are 1/30 of its length; add up the numbers that returns;
  `extract` each piece to `out[the sum before it : the sum with it]`. Both steps divide over threads.
"""

from typing import Any

ISA: str

def count(start: int, stop: int, /) -> int: ...
def count_tuplets(start: int, stop: int, k: int, /) -> int: ...
def fill(start: int, stop: int, out: Any, /) -> int: ...
def fill_tuplets(start: int, stop: int, k: int, out: Any, /) -> int: ...
def bits_size(start: int, stop: int, /) -> int: ...
def sieve(start: int, stop: int, bits: Any, /) -> int: ...
def extract(bits: Any, start: int, stop: int, out: Any, /) -> int: ...
