"""How filters grow, and how those that did are written to files and read again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ._filter import BloomFilter, Spec, spec_from
from ._sizing import LEAST_RATE, MOST_PROBES, Layout, geometry

if TYPE_CHECKING:
    from typing_extensions import Buffer

_GROWTH = 4
_TIGHTENING = 0.5
_SHARE = (
    0.9  # of the error rate, for all layers: those of few keys come out above or below their own by chance
)
_DAMAGED = f"this scalable {BloomFilter.kind} is damaged"
_MOST_LAYERS = 64  # in a file; with two of each size it is as many as memory can ever have


class Growth(NamedTuple):
    """What layers a filter has.

    P. Almeida, C. Baquero, N. Preguica, D. Hutchison, "Scalable Bloom Filters", Information Processing
    Letters 101, 2007. Layer i has 4**i times the capacity and 2**-(i + 1) times nine tenths of the error
    rate, so that the rates of all layers there can ever be add up to less than the nominal one. Layers are
    few, as each holds three times what all before it hold.

    Attributes
    ----------
    capacity : int
        Of the first layer.
    error_rate : float
        Of all layers together.
    layout : str
        Of each layer.
    seed : int
        Of the hash.
    """

    capacity: int
    error_rate: float
    layout: Layout
    seed: int

    def spec(self, depth: int) -> Spec:
        """Return what the layer of a depth is."""
        capacity = self.capacity * _GROWTH**depth
        rate = _SHARE * self.error_rate * _TIGHTENING ** (depth + 1)
        return Spec(capacity, rate, geometry(capacity, rate, self.layout), self.seed)

    def after(self, layer: BloomFilter) -> Spec:
        """Return what comes after a layer."""
        return self.spec((layer.capacity // self.capacity).bit_length() // 2 + 1)


def content(growth: Growth, room: int, layers: Sequence[BloomFilter]) -> tuple[dict[str, Any], Buffer]:
    """Return what describes a filter that grows, and the bits of all layers, one after the other."""
    parts = [layer._content() for layer in layers]
    meta = growth._asdict() | {"room": room, "layers": [described for described, _ in parts]}
    return meta, b"".join(bits for _, bits in parts)


def parts_from(
    meta: dict[str, Any], data: memoryview, kernel: type[BloomFilter]
) -> tuple[Growth, int, list[BloomFilter]]:
    """Return what `content` was given, or raise a `ValueError` where it makes no sense."""
    growth, room, described = _checked(meta)
    specs = [spec_from(layer) for layer in described]
    if sum(spec.geometry.nbytes for spec in specs) != len(data):
        raise ValueError(f"{_DAMAGED}: its layers do not have {len(data)} bytes")
    layers = []
    for layer, spec in zip(described, specs, strict=True):
        bits, data = data[: spec.geometry.nbytes], data[spec.geometry.nbytes :]
        layers.append(kernel._restore(layer, bits))
    capacities = [spec.capacity for spec in specs]
    possible = {growth.capacity * _GROWTH**depth for depth in range(_MOST_LAYERS // 2)}
    alike = all((spec.geometry.layout, spec.seed) == (growth.layout, growth.seed) for spec in specs)
    if not (alike and possible.issuperset(capacities) and 1 <= room <= capacities[-1] == max(capacities)):
        raise ValueError(f"{_DAMAGED}: its layers do not belong together")
    return growth, room, layers


def _checked(meta: dict[str, Any]) -> tuple[Growth, int, list[dict[str, Any]]]:
    """Return how a filter grows, its room, and what describes its layers, of the right types."""
    names = ("capacity", "error_rate", "layout", "seed", "room", "layers")
    values: list[Any] = [meta.get(name) for name in names]
    if [type(value) for value in values] != [int, float, str, int, int, list]:
        raise ValueError(f"{_DAMAGED}: it says of itself {meta}")
    capacity, rate, layout, seed, room, layers = values
    if not (LEAST_RATE <= rate < 1 and capacity >= 1 and layout in MOST_PROBES):
        raise ValueError(f"{_DAMAGED}: it says of itself {meta}")
    if not (1 <= len(layers) <= _MOST_LAYERS and all(isinstance(layer, dict) for layer in layers)):
        raise ValueError(f"{_DAMAGED}: it does not say what its layers are")
    return Growth(capacity, rate, layout, seed), room, layers
