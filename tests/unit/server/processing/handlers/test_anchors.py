"""Anchors of nodes' own access logs: one for each number, and nothing told to others."""

from support.agencies import CN, MX, US, secret
from support.exchange import World, codes
from tearline.audit.anchor import Anchor
from tearline.audit.event import EventCode
from tearline.statements.receipt import Status
from tearline.statements.statement import StatementType
from tearline.wire.grants import encode_anchor, parse_event, parse_receipt
from tearline.wire.publications import Outcome


async def anchor(world: World, number: int, commitment: str, agency: str = US) -> Outcome:
    header = world.parties.node(agency).header
    value = Anchor(header=header, number=number, commitment=secret(commitment))
    return await world.say(agency, StatementType.ANCHOR, encode_anchor(value))


async def test_an_anchor_is_logged_and_goes_to_nobody(world: World) -> None:
    outcome = await anchor(world, 1, "first")
    assert outcome.receipt is not None
    receipt = parse_receipt(outcome.receipt.statement.body)
    assert receipt.status is Status.ACCEPTED
    assert receipt.entry is not None
    event = parse_event(receipt.entry.event)
    node = world.parties.node(US).header.signer
    assert (event.code, event.party, event.actor) == (EventCode.ANCHOR, node, node)
    for agency in (CN, MX):
        types = [delivery.statements[0].type for delivery in await world.read(agency)]
        assert StatementType.ANCHOR not in types


async def test_a_number_has_one_anchor(world: World) -> None:
    said = [await anchor(world, *each) for each in ((1, "first"), (1, "first"), (1, "second"))]
    assert codes(said) == ["", "", "TL-PKT-011"]
    assert codes([await anchor(world, 1, "first", CN), await anchor(world, 2, "second")]) == [
        "",
        "",
    ]
