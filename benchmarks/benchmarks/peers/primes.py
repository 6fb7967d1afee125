"""Other packages about primes, in the way that costs them least.

primesieve is called through its C interface: the list is used where the library made it, and not copied, as
the binding for Python would. ``PRIMESIEVE_LIBRARY`` names another build than the system's. With
``GLIBC_TUNABLES=glibc.malloc.hugetlb=1`` its lists lie in huge pages, as perfpy's do; ``ratios.py`` sets it.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from functools import cache, partial

import numpy as np

_UINT64_PRIMES = 13  # of the library's enum


@cache
def primesieve_library():
    """Load the C library of primesieve; an `ImportError` if it is not here."""
    path = os.environ.get("PRIMESIEVE_LIBRARY") or ctypes.util.find_library("primesieve")
    if path is None:
        raise ImportError("libprimesieve is not installed (Debian: libprimesieve11)")
    library = ctypes.CDLL(path)
    number = ctypes.c_uint64
    library.primesieve_version.restype = ctypes.c_char_p
    library.primesieve_generate_primes.restype = ctypes.c_void_p
    library.primesieve_generate_primes.argtypes = [
        number,
        number,
        ctypes.POINTER(ctypes.c_size_t),
        ctypes.c_int,
    ]
    library.primesieve_free.argtypes = [ctypes.c_void_p]
    library.primesieve_count_primes.restype = number
    library.primesieve_count_primes.argtypes = [number, number]
    return library


class _Primes:
    """The list that the library made, freed with this object."""

    def __init__(self, library, start, stop):
        size = ctypes.c_size_t()
        self._free = library.primesieve_free
        self._pointer = library.primesieve_generate_primes(
            start, stop - 1, ctypes.byref(size), _UINT64_PRIMES
        )
        if self._pointer is None:
            raise MemoryError("primesieve has no memory for its list")
        self.__array_interface__ = {
            "data": (self._pointer, False),
            "shape": (size.value,),
            "typestr": np.dtype(np.uint64).str,
            "version": 3,
        }

    def __del__(self):
        self._free(self._pointer)


def primesieve_title():
    """Return what the column of primesieve is called."""
    try:
        return f"primesieve {primesieve_library().primesieve_version().decode()}"
    except ImportError:
        return "primesieve"


def primesieve_list(start, stop):
    """Return a call that lists primes; the library does that on one thread."""
    library = primesieve_library()
    return lambda: np.asarray(_Primes(library, start, stop))


def primesieve_count(start, stop, threads=1):
    """Return a call that counts primes by sieving."""
    library = primesieve_library()

    def count():
        library.primesieve_set_num_threads(threads)
        return library.primesieve_count_primes(start, stop - 1)

    return count


def primecountpy_count(stop):
    """Return a call of the prime-counting function; it takes one thread."""
    from primecountpy import primecount

    return partial(primecount.prime_pi, stop - 1)


def primecountpy_nth(n):
    """Return a call that finds a prime by its number."""
    from primecountpy import primecount

    return partial(primecount.nth_prime, n)


def primesieve_iterator(stop):
    """Return a call that goes through the primes one by one."""
    import primesieve

    def walk():
        iterator = primesieve.Iterator()
        while iterator.next_prime() < stop:
            pass

    return walk


def random_numbers(count):
    """Return the numbers that are tested."""
    return np.random.default_rng(2025).integers(0, 2**64, count, dtype=np.uint64, endpoint=False)


def flint_is_prime(count):
    """Return a call that tests numbers in a loop; they are in the package's own type already."""
    import flint

    numbers = [flint.fmpz(number) for number in random_numbers(count).tolist()]
    return lambda: [number.is_prime() for number in numbers]


def gmpy2_is_prime(count):
    """Return a call that tests numbers in a loop."""
    import gmpy2

    numbers = random_numbers(count).tolist()
    return lambda: list(map(gmpy2.is_prime, numbers))


#: What is timed, by name.
CALLS = {
    "primesieve: list to 10**8": partial(primesieve_list, 0, 10**8),
    "primesieve: list to 10**9": partial(primesieve_list, 0, 10**9),
    "primesieve: list 10**15 + 10**8": partial(primesieve_list, 10**15, 10**15 + 10**8),
    "primesieve: count to 10**9, 1 thread": partial(primesieve_count, 0, 10**9),
    "primesieve: count 10**15 + 10**8, 1 thread": partial(primesieve_count, 10**15, 10**15 + 10**8),
    "primesieve: iterate to 10**7": partial(primesieve_iterator, 10**7),
    "primecountpy: count to 10**9": partial(primecountpy_count, 10**9),
    "primecountpy: count to 10**12": partial(primecountpy_count, 10**12),
    "primecountpy: prime number 10**8": partial(primecountpy_nth, 10**8),
    "flint: 10**6 tests": partial(flint_is_prime, 10**6),
    "gmpy2: 10**6 tests": partial(gmpy2_is_prime, 10**6),
}
