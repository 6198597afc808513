"""Generalised fields of one packet: those that a recipient may have together.

Each mask hides one value. Two coarse values that follow from one value narrow each other: at the
rate of the day, the bands of a sum in two currencies leave a fiftieth of a band. So values that may
follow from each other form a *scope*, of which one *series* is told; for the rest, the recipient
learns that it exists. The choice rests on names and currencies alone, never on the amounts, days or
places themselves, so that it tells none of them. A correction of the packet makes it again alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from tearline.bodies.body import TOKEN_PREFIX
from tearline.bodies.transfers import LEG
from tearline.packets.packet import TEXT, Field
from tearline.policy.form import Form
from tearline.policy.masks import MASKS, generalise
from tearline.policy.profile import parse_path, property_category

_REFERENCE = TOKEN_PREFIX.encode()
_CODES = frozenset({"currency", "rateCurrency", "unit", "currencySymbol", "bic", "country"})
_TWO_ACCOUNTS = frozenset({"Payment", "EconomicActivity"})  # their accounts are different ones
_COORDINATES = frozenset({"latitude", "longitude"})
_FIRST = frozenset({"amount", "date", "startDate", "openingDate", "incorporationDate", "iban"})
"""The properties to tell, where an entity has several."""


class Lessening(StrEnum):
    """Reason why a field that may be generalised is only told to exist."""

    NONE = ""
    """It is not lessened, or no value of its category has a coarser form."""

    UNFIT = "no-coarser-form"
    """Its values have no coarser form."""

    BESIDE = "beside-another"
    """Beside another generalised field of the packet, each would narrow the other."""


def generalised_fields(fields: Sequence[Field], wanted: Iterable[Field]) -> tuple[Field, ...]:
    """Returns the generalised fields that any recipient may have together.

    Args:
        fields: All fields of the packet, in clear; their currencies and units count.
        wanted: Those that a recipient may have in generalised form.
    """
    units = {
        field.path.rpartition("/")[0]: tuple(sorted(field.texts))
        for field in fields
        if field.media_type == TEXT and field.path.rpartition("/")[2] in ("currency", "unit")
    }
    coarse = [(each, *_place(each, units)) for each in map(coarse_field, wanted) if each]
    told: dict[_Scope, _Series] = {}
    for _, scope, series in coarse:
        told[scope] = min(series, told.get(scope, series))
    return tuple(field for field, scope, series in coarse if told[scope] == series)


def lessening(field: Field) -> Lessening:
    """Returns why a packet has no generalised form of a field that a recipient may have so."""
    if not _has_mask(field):
        return Lessening.NONE
    return Lessening.UNFIT if coarse_field(field) is None else Lessening.BESIDE


def coarse_field(field: Field) -> Field | None:
    """Returns the generalised form of one field, or None if its values have none."""
    coarse = generalise(field.path, field.texts) if _has_mask(field) else None
    if coarse is None:
        return None
    return replace(
        field,
        form=Form.GENERALISED,
        mask=coarse.mask,
        values=tuple(value.encode() for value in coarse.values),
    )


def _has_mask(field: Field) -> bool:
    """Returns whether a field can have a coarser form; no reference to another entity can."""
    named = parse_path(field.path)
    return (
        field.media_type == TEXT
        and property_category(named.schema, named.property) in MASKS
        and not any(value.startswith(_REFERENCE) for value in field.values)
    )


_Scope = tuple[str, ...]
_Series = tuple[bool | str | tuple[str, ...], ...]


def _place(field: Field, units: Mapping[str, tuple[str, ...]]) -> tuple[_Scope, _Series]:
    """Returns the scope of a generalised field, and its series there; the least one is told.

    - Amounts of a packet: those of one property in one currency are told. A fee or a share of tax
      joins those of two properties as a rate joins two currencies. Quantities likewise, by unit.
    - Days of an entity: one property. Between two, such as departure and arrival, few days pass.
    - Legs of a transfer: amount and day of one, whatever the currency.
    - Places of a packet: coordinates only where no place is named, since a degree and a border cut
      each other.
    - Numbers of an account: one property, since each shows other digits.
    """
    token, schema, prop = field.path.split("/", 2)
    unit = units.get(f"{token}/{schema}", ())
    leg = (unit, token) if schema == LEG else ()
    alone = (field.path,), ()
    match field.mask:
        case "band":
            kind = "quantity" if prop == "quantity" else "amount"
            amount = ("band", kind), (not unit, prop not in _FIRST, unit, schema, prop, *leg)
            return alone if prop in _CODES else amount
        case "month":
            return ("month", schema if leg else token), (prop not in _FIRST, prop, *leg)
        case "region":
            return ("region",), (prop in _COORDINATES,)
        case "bank-and-last-two":
            number = ("account", token), (prop not in _FIRST, prop)
            return alone if prop in _CODES or schema in _TWO_ACCOUNTS else number
        case _:
            return alone
