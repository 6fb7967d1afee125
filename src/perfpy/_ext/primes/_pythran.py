"""The loops of a sieve on a wheel of 30, compiled by Pythran.

Bit i of byte k stands for 30*k + REMAINDERS[i].
"""

import numpy as np

REMAINDERS = np.array([1, 7, 11, 13, 17, 19, 23, 29])
#: The mask without the bit of a remainder; only the eight remainders are looked up.
WITHOUT = np.array(
    [
        [255, 254, 255, 255, 255, 255, 255, 253, 255, 255, 255, 251, 255, 247, 255],
        [255, 255, 239, 255, 223, 255, 255, 255, 191, 255, 255, 255, 255, 255, 127],
    ],
    dtype=np.uint8,
).reshape(30)
INVERSES = np.array(
    [0, 1, 0, 0, 0, 0, 0, 13, 0, 0, 0, 11, 0, 7, 0, 0, 0, 23, 0, 19, 0, 0, 0, 17, 0, 0, 0, 0, 0, 29]
)
#: The remainder of a single bit, by the bit modulo 11: the eight powers of two differ there.
LOWEST = np.array([0, 1, 7, 0, 11, 17, 0, 29, 13, 23, 19], dtype=np.uint64)


# pythran export cross_off(uint8[], int64, int64, uint32[])
def cross_off(flags, first, root, divisors):
    """Cross off the multiples of the divisors, beyond `root` from their squares on."""
    size = flags.shape[0]
    for index in range(divisors.shape[0]):
        p = np.int64(divisors[index])
        if p > root:  # from the square on, as a distance from 30*first without products of 64 bits
            begin = 30 * ((p // 30) * p + (p % 30) * p // 30 - first) + (p % 30) * (p % 30) % 30
        else:
            begin = (p - 30 * (first % p) % p) % p
        turn = begin % 30 * INVERSES[p % 30] % 30  # what p is multiplied by to get there, modulo 30
        for bit in range(8):
            place = begin + p * ((REMAINDERS[bit] + 30 - turn) % 30)
            mask = WITHOUT[place % 30]
            k = place // 30
            while k < size:
                flags[k] &= mask
                k += p


# pythran export extract(uint8[], int64, uint32[])
# pythran export extract(uint8[], int64, uint64[])
def extract(flags, first, out):
    """Write the numbers whose bits are set and return how many there are."""
    written = 0
    base = np.uint64(first) * np.uint64(30)
    for k in range(flags.shape[0]):
        byte = np.int64(flags[k])
        while byte:
            out[written] = base + LOWEST[(byte & -byte) % 11]
            written += 1
            byte &= byte - 1
        base += np.uint64(30)
    return written


# pythran export count(uint8[])
def count(flags):
    """Return how many bits are set."""
    total = 0
    for k in range(flags.shape[0]):
        byte = np.int64(flags[k])
        byte = byte - (byte >> 1 & 0x55)
        byte = (byte & 0x33) + (byte >> 2 & 0x33)
        total += (byte + (byte >> 4)) & 0x0F
    return total
