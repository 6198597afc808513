"""Grants: what one may say, whoever sealed it."""

from dataclasses import replace
from typing import Any

import pytest

from support.agencies import MX, US, federation, grant, manifest_signed, node_of, packet
from support.cases import each_case
from tearline.errors import StatementMalformed
from tearline.packets.grant import Caveats
from tearline.policy.marking import Pap

FED = federation()
SEALED = packet(FED.node(US).header)
GRANT = grant(
    SEALED,
    manifest_signed(SEALED, FED.node(US)).statement.id,
    FED.node(US).header,
    node_of(MX),
)


@pytest.mark.parametrize(
    "changes",
    [
        {"grant_id": bytes(15)},
        {"packet": b""},
        {"kem_key_id": bytes(33)},
        {"purpose": "p" * 4097},
        {"purpose": "ü" * 2049},
        {"not_after_ms": 1 << 63},
    ],
    ids=lambda changes: str(changes)[:24],
)
def test_parts_have_their_sizes(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(GRANT, **changes)


@each_case("part", ["openings", "compartments", "fields"])
@each_case("indices", [(2, 1), (1, 1), (-1,), (4096,)])
def test_lists_are_ascending_and_within_a_packet(part: str, indices: tuple[int, ...]) -> None:
    values: dict[str, Any] = {"openings": (), "compartments": (), "fields": (), part: indices}
    with pytest.raises(StatementMalformed):
        replace(GRANT, **values)


def test_a_compartment_is_told_of_or_released() -> None:
    with pytest.raises(StatementMalformed):
        replace(GRANT, openings=GRANT.compartments)


def test_a_grant_of_nothing_is_none() -> None:
    with pytest.raises(StatementMalformed):
        replace(GRANT, compartments=())


def test_existence_alone_can_be_granted() -> None:
    assert replace(GRANT, openings=(1,), compartments=()).openings == (1,)


@pytest.mark.parametrize("codes", [("H2", "H1"), ("H1", "H1"), ("H0",), ("h1",), ("H9",), ("",)])
def test_caveats_are_known_codes_in_order(codes: tuple[str, ...]) -> None:
    with pytest.raises(StatementMalformed):
        Caveats(handling=codes, orcon=False, pap=Pap.RED)
