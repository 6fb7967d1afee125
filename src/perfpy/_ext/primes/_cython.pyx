# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The loops of a sieve on a wheel of 30, and Montgomery products, compiled by Cython.

Bit i of byte k stands for 30*k + REMAINDERS[i].
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

cdef extern from *:
    """
    __extension__ typedef unsigned __int128 perfpy_wide;
    #define perfpy_ones __builtin_popcountll
    #define perfpy_lowest __builtin_ctzll
    """
    ctypedef unsigned long long wide "perfpy_wide"
    int perfpy_ones(unsigned long long) nogil
    int perfpy_lowest(unsigned long long) nogil

ctypedef fused number:
    uint32_t
    uint64_t
    int64_t

cdef int64_t[8] REMAINDERS = [1, 7, 11, 13, 17, 19, 23, 29]
cdef uint8_t[30] WITHOUT  # the mask without the bit of a remainder
cdef int64_t[30] INVERSES
cdef uint32_t[64] DISTANCES  # of the bits of eight bytes from where these begin
cdef uint64_t[14] SMALL = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47]
cdef uint64_t PROVEN = 53 * 53  # below it, a number without small factors is prime
# No composite number with 64 bits passes the Miller-Rabin test for all of these (Sinclair, 2011).
cdef uint64_t[7] BASES = [2, 325, 9375, 28178, 450775, 9780504, 1795265022]


cdef void prepare() noexcept:
    cdef int bit, other
    for bit in range(8):
        WITHOUT[REMAINDERS[bit]] = <uint8_t>(255 - (1 << bit))
        for other in range(8):
            if REMAINDERS[bit] * REMAINDERS[other] % 30 == 1:
                INVERSES[REMAINDERS[bit]] = REMAINDERS[other]
    for bit in range(64):
        DISTANCES[bit] = <uint32_t>(30 * (bit // 8) + REMAINDERS[bit % 8])


prepare()


def cross_off(uint8_t[::1] flags, int64_t first, int64_t root, const uint32_t[::1] divisors):
    """Cross off the multiples of the divisors, beyond `root` from their squares on."""
    cdef Py_ssize_t index
    with nogil:
        for index in range(divisors.shape[0]):
            cross_off_one(&flags[0], flags.shape[0], first, root, divisors[index])


cdef void cross_off_one(uint8_t *flags, int64_t size, int64_t first, int64_t root, int64_t p) noexcept nogil:
    cdef int64_t begin, turn, place, k
    cdef uint8_t mask
    cdef int bit
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


def extract(const uint8_t[::1] flags, uint64_t first, number[::1] out):
    """Write the numbers whose bits are set and return how many there are."""
    cdef Py_ssize_t size = flags.shape[0], k, written = 0
    cdef uint64_t word, base = 30 * first
    with nogil:
        for k in range(0, size, 8):
            word = 0
            memcpy(&word, &flags[k], <size_t>min(size - k, 8))
            while word:
                out[written] = <number>(base + DISTANCES[perfpy_lowest(word)])
                written += 1
                word &= word - 1
            base += 240
    return written


def count(const uint8_t[::1] flags):
    """Return how many bits are set."""
    cdef Py_ssize_t size = flags.shape[0], k
    cdef int64_t total = 0
    cdef uint64_t word
    with nogil:
        for k in range(0, size, 8):
            word = 0
            memcpy(&word, &flags[k], <size_t>min(size - k, 8))
            total += perfpy_ones(word)
    return total


def is_prime(uint64_t n):
    """Tell whether a number is prime."""
    return test(n) != 0


def is_prime_array(const uint64_t[::1] numbers, uint8_t[::1] out):
    """Tell for each number whether it is prime."""
    cdef Py_ssize_t index
    with nogil:
        for index in range(numbers.shape[0]):
            out[index] = test(numbers[index])


cdef inline uint64_t product(uint64_t a, uint64_t b, uint64_t n, uint64_t inverse) noexcept nogil:
    """Return a * b / 2**64 modulo n (Montgomery)."""
    cdef wide full = <wide>a * b
    cdef uint64_t high = <uint64_t>(full >> 64)
    cdef uint64_t back = <uint64_t>((<wide>(<uint64_t>full * inverse) * n) >> 64)
    return high - back if high >= back else high - back + n


cdef uint8_t test(uint64_t n) noexcept nogil:
    cdef uint64_t inverse = n, one, square, odd = n - 1, base
    cdef int index, twos = 0
    if n < 2 or n % 2 == 0:
        return n == 2
    for index in range(14):
        if n % SMALL[index] == 0:
            return n == SMALL[index]
    if n < PROVEN:
        return 1
    for index in range(5):
        inverse *= 2 - n * inverse
    one = (0 - n) % n
    square = <uint64_t>((<wide>one * one) % n)
    while odd % 2 == 0:
        odd //= 2
        twos += 1
    for index in range(7):
        base = BASES[index] % n
        if base and not passes(n, product(base, square, n, inverse), one, inverse, odd, twos):
            return 0
    return 1


cdef bint passes(
    uint64_t n, uint64_t factor, uint64_t one, uint64_t inverse, uint64_t odd, int twos
) noexcept nogil:
    """Do the Miller-Rabin test of odd n = odd * 2**twos + 1."""
    cdef uint64_t power = one
    while odd:
        if odd % 2:
            power = product(power, factor, n, inverse)
        factor = product(factor, factor, n, inverse)
        odd //= 2
    if power == one or power == n - one:
        return True
    for _ in range(twos - 1):
        power = product(power, power, n, inverse)
        if power == n - one:
            return True
    return False
