"""Units of quantity, in UCUM's spelling where it exists, and exact conversion."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from tearline.errors import MalformedInput

# Unit -> its measure, and its size in that measure's base unit.
_TABLE = {
    "mg": ("mass", Decimal("0.001")),
    "g": ("mass", Decimal(1)),
    "kg": ("mass", Decimal(1000)),
    "t": ("mass", Decimal(1_000_000)),
    "mL": ("volume", Decimal("0.001")),
    "L": ("volume", Decimal(1)),
    "m3": ("volume", Decimal(1000)),
    "tablet": ("tablets", Decimal(1)),
    "ampoule": ("ampoules", Decimal(1)),
}
UNITS: Mapping[str, tuple[str, Decimal]] = MappingProxyType(_TABLE)
"""Every unit: its measure, and its size in gram, litre or pieces."""


def convert(quantity: Decimal, unit: str, to: str) -> Decimal:
    """Returns a quantity in another unit, exactly.

    Raises:
        MalformedInput: If a unit is unknown, or the two have different measures.
    """
    if unit not in UNITS or to not in UNITS:
        raise MalformedInput(f"a unit is one of {', '.join(UNITS)}")
    (measure, size), (other, size_to) = UNITS[unit], UNITS[to]
    if measure != other:
        raise MalformedInput(f"{unit} and {to} have different measures")
    return quantity * size / size_to
