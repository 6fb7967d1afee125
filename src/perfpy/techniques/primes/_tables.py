"""The tables of backends: one for each public function, and not every function has every backend."""

from __future__ import annotations

from collections.abc import Mapping

from perfpy._dispatch import Backend, Technique, Traits

_HERE = "perfpy.techniques.primes"
_EXT = "perfpy._ext.primes"

#: What a call asks for when a number needs more than 64 bits.
ABOVE_64_BITS = (("n", "2**64 or more"),)

_Lacks = Mapping[str, tuple[object, ...]]
_ANY_SIZE: _Lacks = {}
_64_BITS: _Lacks = {name: (value,) for name, value in ABOVE_64_BITS}

_EXTENSIONS = {
    "_cython": "_cython",
    "_pythran": "_pythran",
    "_c_sieve": "_sieve",
    "_c_count": "_count",
    "_c_arithmetic": "_arithmetic",
}


def _python(function: str, note: str, *, interruptible: bool = True) -> Backend:
    traits = Traits(interruptible=interruptible, note=note)
    return Backend("python", f"{_HERE}._python:{function}", traits=traits)


def _numpy(function: str, note: str, lacks: _Lacks = _ANY_SIZE) -> Backend:
    traits = Traits(interruptible=True, note=note)
    return Backend("numpy", f"{_HERE}._numpy:{function}", package="numpy", traits=traits, lacks=lacks)


def _numba(function: str, note: str, lacks: _Lacks = _ANY_SIZE) -> Backend:
    target = f"{_HERE}._numba:{function}"
    return Backend("numba", target, package="numba", extra="numba", traits=_compiled(note), lacks=lacks)


def _built(name: str, module: str, function: str, note: str, lacks: _Lacks = _ANY_SIZE) -> Backend:
    target, extension = f"{_HERE}.{module}:{function}", f"{_EXT}.{_EXTENSIONS[module]}"
    return Backend(name, target, extension=extension, traits=_compiled(note), lacks=lacks)


def _quick(module: str, function: str, note: str, lacks: _Lacks = _ANY_SIZE) -> Backend:
    """Return the row of a function in C that is done before another thread could run."""
    target, extension = f"{_HERE}.{module}:{function}", f"{_EXT}.{_EXTENSIONS[module]}"
    return Backend("c", target, extension=extension, traits=Traits(note=note), lacks=lacks)


def _peer(name: str, module: str, function: str, note: str, lacks: _Lacks = _ANY_SIZE) -> Backend:
    """Return the row of another package; `name` is what PyPI calls it."""
    target = f"{_HERE}._peer_{module}:{function}"
    return Backend(name, target, package=module, peer=True, traits=Traits(note=note), lacks=lacks)


def _compiled(note: str) -> Traits:
    return Traits(releases_gil=True, interruptible=True, note=note)


_WHEEL = "bits of a wheel of 30"

PRIMES = Technique(
    "primes",
    (
        _python("primes", "bytes of the odd numbers, by segments"),
        _numpy("primes", "booleans of the odd numbers, by segments"),
        _numba("primes", _WHEEL),
        _built("cython", "_cython", "primes", _WHEEL),
        _built("pythran", "_pythran", "primes", _WHEEL),
        _built("c", "_c_sieve", "primes", "SIMD kernel: blocks crossed off whole, bits to integers"),
        _peer("primesieve", "primesieve", "primes", "another segmented wheel sieve"),
        _peer("sympy", "sympy", "primes", "one number after the other"),
    ),
    auto=("c", "cython", "numba", "pythran", "numpy"),
)

COUNT_PRIMES = Technique(
    "count_primes",
    (
        _python("count_primes", "sieves and counts"),
        _numpy("count_primes", "sieves and counts"),
        _numba("count_primes", "sieves and counts"),
        _built("cython", "_cython", "count_primes", "sieves and counts"),
        _built("pythran", "_pythran", "count_primes", "sieves and counts"),
        _built("c", "_c_count", "count_primes", "Lagarias-Miller-Odlyzko, or a sieve for a window"),
        _peer("primesieve", "primesieve", "count_primes", "sieves and counts"),
        _peer("primecountpy", "primecountpy", "count_primes", "two prime-counting functions"),
        _peer("sympy", "sympy", "count_primes", "two prime-counting functions"),
    ),
    auto=("c", "cython", "numba", "pythran", "numpy"),
)

NTH_PRIME = Technique(
    "nth_prime",
    (
        _python("nth_prime", "sieves and counts"),
        _numpy("nth_prime", "sieves and counts"),
        _numba("nth_prime", "sieves and counts"),
        _built("cython", "_cython", "nth_prime", "sieves and counts"),
        _built("pythran", "_pythran", "nth_prime", "sieves and counts"),
        _built("c", "_c_count", "nth_prime", "Lagarias-Miller-Odlyzko, then a sieve"),
        _peer("primesieve", "primesieve", "nth_prime", "sieves and counts"),
        _peer("primecountpy", "primecountpy", "nth_prime", "a prime-counting function, then a sieve"),
        _peer("sympy", "sympy", "nth_prime", "a prime-counting function, then tests"),
    ),
    auto=("c", "cython", "numba", "pythran", "numpy"),
)

IS_PRIME = Technique(
    "is_prime",
    (
        _python("is_prime", "Miller-Rabin; BPSW from 2**64"),
        _numpy("is_prime", "Miller-Rabin on arrays of 32-bit halves", _64_BITS),
        _numba("is_prime", "Miller-Rabin in Montgomery form", _64_BITS),
        _built("cython", "_cython", "is_prime", "Miller-Rabin in Montgomery form", _64_BITS),
        _built("c", "_c_arithmetic", "is_prime", "SIMD kernel: many numbers of an array at a time", _64_BITS),
        Backend(
            "trial",
            f"{_HERE}._trial:is_prime",
            traits=Traits(interruptible=True, note="divides by every odd number: to be compared, not used"),
            lacks=_64_BITS,
        ),
        _peer("gmpy2", "gmpy2", "is_prime", "BPSW, one number after the other"),
        _peer("sympy", "sympy", "is_prime", "BPSW, one number after the other"),
    ),
    auto=("c", "cython", "numba"),
)

NEXT_PRIME = Technique(
    "next_prime",
    (
        _python("next_prime", "tests the odd numbers"),
        _quick("_c_arithmetic", "next_prime", "tests what a small sieve leaves", _64_BITS),
        _peer("gmpy2", "gmpy2", "next_prime", "BPSW after a small sieve"),
        _peer("sympy", "sympy", "next_prime", "tests the numbers prime to 6"),
    ),
    auto=("c",),
)

PREVIOUS_PRIME = Technique(
    "previous_prime",
    (
        _python("previous_prime", "tests the odd numbers"),
        _quick("_c_arithmetic", "previous_prime", "tests what a small sieve leaves", _64_BITS),
        _peer("gmpy2", "gmpy2", "previous_prime", "BPSW after a small sieve"),
        _peer("sympy", "sympy", "previous_prime", "tests the numbers prime to 6"),
    ),
    auto=("c",),
)

PRIME_FACTORS = Technique(
    "prime_factors",
    (
        # No number with 64 bits takes long enough to be interrupted.
        _python("prime_factors", "trial division, Pollard's rho as Brent has it", interruptible=False),
        _quick("_c_arithmetic", "prime_factors", "trial division, Pollard's rho in Montgomery form"),
        _peer("sympy", "sympy", "prime_factors", "trial division, Pollard's rho and p - 1"),
    ),
    auto=("c",),
)

TWIN_PRIMES = Technique(
    "twin_primes",
    (
        _python("constellations", "looks primes up in a set"),
        _numpy("constellations", "looks primes up in a sorted array"),
        _built("c", "_c_sieve", "constellations", "looks among the bits of the sieve"),
    ),
    auto=("c", "numpy"),
)

CONSTELLATIONS = Technique(
    "constellations",
    (
        _python("constellations", "looks primes up in a set"),
        _numpy("constellations", "looks primes up in a sorted array"),
        _built("c", "_c_sieve", "constellations", "looks among the bits of the sieve"),
    ),
    auto=("c", "numpy"),
)
