"""Other packages about primes, as their users call them."""

from __future__ import annotations

from functools import partial

import numpy as np


def primesieve_list(start, stop):
    """Return a call that lists primes; the C++ library does that on one thread."""
    import primesieve

    return partial(primesieve.primes, start, stop - 1)


def primesieve_count(start, stop, threads=1):
    """Return a call that counts primes by sieving."""
    import primesieve

    def count():
        primesieve.set_num_threads(threads)
        return primesieve.count_primes(start, stop - 1)

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
