"""``perfpy primes``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from ._number import NUMBER
from ._shared import clean_end, short_errors, writing

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK = 2**16  # primes written at a time


class _ListByDefault(click.Group):
    """A group in which ``perfpy primes 10 20`` means ``perfpy primes list 10 20``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


_backend = click.option("--backend", default="auto", show_default=True)
_executor = click.option("--executor", metavar="E", help='Where it runs, as "threads" or "processes:4".')
_numbers = click.argument("numbers", nargs=-1, type=NUMBER, metavar="[N ...]")


@click.group(cls=_ListByDefault)
def primes() -> None:
    """List, count, test and factor primes.

    ``perfpy primes 100`` lists the primes below 100, ``perfpy primes 100 200`` those from 100 to 199, one
    per line. Numbers are written as 1000000, 1e6, 10**6 or 2**64-59.
    """


@primes.command("list")
@click.argument("start", type=NUMBER)
@click.argument("stop", type=NUMBER, required=False)
@_backend
def list_(start: int, stop: int | None, backend: str) -> None:
    """List the primes below STOP, or from START on below STOP, one per line."""
    import perfpy

    first, end = (0, start) if stop is None else (start, stop)
    with clean_end():
        with short_errors():
            kind = "uint32" if end <= 2**32 else "uint64"
            blocks = perfpy.prime_blocks(first, end, _BLOCK, dtype=kind, backend=backend)
        with writing() as write:
            for block in blocks:
                for lines in _lines(block):
                    write(lines)


@primes.command()
@click.argument("start", type=NUMBER)
@click.argument("stop", type=NUMBER, required=False)
@_backend
@_executor
def count(start: int, stop: int | None, backend: str, executor: str | None) -> None:
    """Count the primes below STOP, or from START on below STOP."""
    import perfpy

    with clean_end(), short_errors():
        click.echo(perfpy.count_primes(start, stop, backend=backend, executor=executor))


@primes.command()
@_numbers
@_backend
def factor(numbers: Sequence[int], backend: str) -> None:
    """Write each number N and its prime factors; numbers are read from standard input if none is given."""
    import perfpy

    with clean_end(), writing() as write:
        for number in _given(numbers):
            with short_errors():
                factors = perfpy.prime_factors(number, backend=backend)
            write(f"{number}: {' '.join(map(str, factors))}".rstrip().encode() + b"\n")


@primes.command()
@_numbers
@_backend
def test(numbers: Sequence[int], backend: str) -> None:
    """Say of each number N whether it is prime; the exit status is 1 if one is not."""
    import perfpy

    all_prime = True
    with clean_end(), writing() as write:
        for number in _given(numbers):
            with short_errors():
                prime = perfpy.is_prime(number, backend=backend)
            all_prime &= prime
            write(f"{number}: {'prime' if prime else 'not prime'}\n".encode())
    sys.exit(0 if all_prime else 1)


@primes.command()
@click.argument("n", type=NUMBER)
@_backend
def nth(n: int, backend: str) -> None:
    """Write prime number N; the first is 2."""
    import perfpy

    with clean_end(), short_errors():
        click.echo(perfpy.nth_prime(n, backend=backend))


@primes.command("next")
@click.argument("n", type=NUMBER)
@_backend
def next_(n: int, backend: str) -> None:
    """Write the smallest prime above N."""
    import perfpy

    with clean_end(), short_errors():
        click.echo(perfpy.next_prime(n, backend=backend))


@primes.command()
@click.argument("n", type=NUMBER)
@_backend
def previous(n: int, backend: str) -> None:
    """Write the largest prime below N."""
    import perfpy

    with clean_end(), short_errors():
        click.echo(perfpy.previous_prime(n, backend=backend))


def _given(numbers: Sequence[int]) -> Iterable[int]:
    """Return the numbers of the command line, or those of standard input, as they come."""
    return numbers or (NUMBER.convert(word, None, None) for line in sys.stdin for word in line.split())


def _lines(numbers: NDArray[Any]) -> Iterator[memoryview]:
    """Yield ascending numbers as decimal text, a line each, made of whole arrays of digits."""
    import numpy as np

    begin = 0
    while begin < numbers.size:
        digits = len(str(numbers[begin]))
        largest = 10**digits - 1
        whole = largest >= int(numbers[-1])  # also where no number of this type is larger
        end = numbers.size if whole else int(np.searchsorted(numbers, numbers.dtype.type(largest), "right"))
        part = numbers[begin:end]
        text = np.empty((part.size, digits + 1), np.uint8)
        text[:, digits] = ord("\n")
        for column in reversed(range(digits)):
            quotient = part // 10
            text[:, column] = part - quotient * 10 + ord("0")
            part = quotient
        yield text.data
        begin = end
