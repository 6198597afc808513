"""What the exchange takes of packets that are made from others', and of consents."""

import dataclasses

from support.agencies import AGREEMENT_ID, CN, FIELDS, MX, US, kem_key, node_of, secret
from support.consents import consent
from support.exchange import World, address, codes, event_of, manifest_id
from tearline.audit.event import EventCode
from tearline.onward.consent import ConsentStep
from tearline.packets.packet import Field
from tearline.statements.statement import StatementType
from tearline.wire.consents import encode_consent

LIMITED = tuple(
    dataclasses.replace(each, marking=dataclasses.replace(each.marking, orcon=True))
    for each in FIELDS
)
NOT_MINE = "TL-POL-024"
NOT_ALLOWED = "TL-POL-020"
NAME = ("identity.subject",)


async def source_of(world: World, fields: tuple[Field, ...] = LIMITED, *, to: str = MX) -> bytes:
    """The id of a packet of the United States', of which a partner got names and births."""
    sealed = world.packet(fields=fields, evaluation="B2")
    assert codes(await world.send(sealed, world.grant(sealed, to))) == ["", ""]
    return manifest_id(sealed)


async def derive(world: World, *sources: bytes, to: str = CN, **changed: object) -> list[str]:
    """Mexico sends on what it made from sources; the codes for its packet and its grant."""
    sealed = world.packet(MX, derived_from=sources, **changed)
    granted = world.grant(sealed, to, MX, categories=NAME)
    return codes(await world.send(sealed, granted, sender=MX))


async def also_given(world: World, source_fields: tuple[Field, ...], *categories: str) -> bytes:
    """A source of which China got some categories, too."""
    sealed = world.packet(fields=source_fields, evaluation="B2")
    grants = [world.grant(sealed, MX), world.grant(sealed, CN, categories=categories)]
    assert codes(await world.send(sealed, *grants)) == ["", "", ""]
    return manifest_id(sealed)


async def test_what_nothing_limits_is_passed_on_freely(world: World) -> None:
    await world.agree()
    assert await derive(world, await source_of(world, FIELDS)) == ["", ""]


async def test_what_is_limited_goes_to_nobody_who_was_not_given_it(world: World) -> None:
    await world.agree()
    assert await derive(world, await source_of(world)) == ["", NOT_ALLOWED]


async def test_it_goes_back_to_its_originator(world: World) -> None:
    await world.agree()
    assert await derive(world, await source_of(world), to=US) == ["", ""]


async def test_it_goes_to_whom_its_originator_gave_as_much(world: World) -> None:
    await world.agree()
    assert await derive(world, await also_given(world, LIMITED, *NAME)) == ["", ""]


async def test_what_was_given_of_something_else_is_not_enough(world: World) -> None:
    await world.agree()
    source = await also_given(world, LIMITED, "identity.birth")
    assert await derive(world, source) == ["", NOT_ALLOWED]


async def test_a_grant_in_the_same_batch_counts(world: World) -> None:
    await world.agree()
    sealed = world.packet(fields=LIMITED)
    await world.send(sealed, world.grant(sealed, MX))
    derived = world.packet(MX, derived_from=(manifest_id(sealed),))
    assert codes(await world.send(derived, sender=MX)) == [""]
    later = world.grant(derived, CN, MX, categories=NAME)
    assert codes([await world.grant_only(later, MX)]) == [NOT_ALLOWED]
    await world.grant_only(world.grant(sealed, CN, categories=NAME))
    again = dataclasses.replace(later, grant_id=secret("again", 16))
    assert codes([await world.grant_only(again, MX)]) == [""]


async def test_a_source_is_one_that_was_given(world: World) -> None:
    await world.agree()
    of_others = await source_of(world, to=CN)
    for source in (of_others, secret("nothing")):
        assert (await derive(world, source))[0] == NOT_MINE


async def test_a_derived_packet_claims_no_more_trust_than_its_source(world: World) -> None:
    await world.agree()
    source = await source_of(world, FIELDS)
    assert await derive(world, source, evaluation="B2") == ["", ""]
    assert (await derive(world, source, evaluation="A2"))[0] == "TL-POL-023"


async def test_what_an_agency_makes_from_its_own_is_its_own_affair(world: World) -> None:
    await world.agree()
    own = world.packet(MX, fields=LIMITED)
    await world.send(own, sender=MX)
    assert await derive(world, manifest_id(own), evaluation="A1") == ["", ""]


async def test_a_step_of_a_consent_is_relayed_and_logged_with_its_packet(world: World) -> None:
    await world.agree()
    asked = consent(header=world.parties.node(MX).header)
    outcome = await world.say(MX, StatementType.CONSENT, encode_consent(asked))
    event = event_of(outcome)
    assert (event.code, event.packet) == (EventCode.CONSENT, asked.packet)
    assert (event.counterpart, event.agreement_id) == (node_of(US), AGREEMENT_ID)
    assert asked.acted_by is not None
    assert event.pseudonym == asked.acted_by.pseudonym
    *_, mail = await world.read(US)
    assert mail.statements[0].body == encode_consent(asked)


async def test_a_step_is_said_once_by_its_signer(world: World) -> None:
    await world.agree()
    asked = consent(header=world.parties.node(MX).header)
    other = dataclasses.replace(asked, packet=secret("another"), address=address(US, 2))
    withdrawn = dataclasses.replace(
        asked, step=ConsentStep.WITHDRAW, ends_ms=0, address=address(US, 2)
    )
    outcomes = [
        await world.say(MX, StatementType.CONSENT, encode_consent(each))
        for each in (asked, other, withdrawn)
    ]
    assert codes(outcomes) == ["", "TL-PKT-011", ""]


async def test_a_step_sealed_to_no_key_of_its_recipient_is_said_anew(world: World) -> None:
    await world.agree()
    asked = consent(header=world.parties.node(MX).header)
    strange = dataclasses.replace(asked, kem_key_id=kem_key("another").id)
    outcomes = [
        await world.say(MX, StatementType.CONSENT, encode_consent(each))
        for each in (strange, asked)
    ]
    assert codes(outcomes) == ["TL-GRT-005", ""]
