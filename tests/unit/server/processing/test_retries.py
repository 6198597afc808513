"""A retry is safe: the same bytes get the same receipt, other bytes are a conflict."""

import asyncio
import dataclasses
from pathlib import Path

import pytest

from support.agencies import AGREEMENT_ID, CN, MX, US, agency, member_record, node_of, signed_by
from support.exchange import (
    World,
    agreed,
    agreement,
    codes,
    event_of,
    manifest_id,
    opened,
    packet_publication,
    receipt_of,
    said,
    terms,
)
from tearline.audit.erasure import Erasure
from tearline.audit.event import EventCode
from tearline.errors import ChannelGap, ClockDoubted, StandingStale, TearlineError, signed_code
from tearline.statements.statement import StatementType
from tearline.verification.moment import Moment
from tearline.wire.erasures import encode_erasure
from tearline.wire.grants import encode_grant
from tearline.wire.publications import Publication, publication_of
from tearline_server.processing import process

EU = "spiffe://eu-customs.example"


async def test_the_same_bytes_get_the_same_receipt(world: World) -> None:
    sealed = world.packet()
    publication = packet_publication(world.parties.node(US), sealed, [world.grant(sealed)])
    first = await world.publish(US, publication)
    size = (await world.exchange.entries(0, 0)).checkpoint.split(b"\n")[1]
    again = await world.publish(US, publication)
    assert said(again) == said(first)
    assert codes(again) == ["", ""]
    at = Moment(index=1 << 20, time_ms=world.clock())
    for each in again:
        assert each.receipt is not None
        world.parties.trust().verify(each.receipt.statement, each.receipt.attestations, at=at)
    world.clock.time_ms += 1000
    assert (await world.exchange.entries(0, 0)).checkpoint.split(b"\n")[1] == size


async def test_the_same_receipt_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.agree()
        sealed = world.packet()
        publication = packet_publication(world.parties.node(US), sealed, [world.grant(sealed)])
        first = await world.publish(US, publication)
    async with opened(tmp_path) as world:
        assert said(await world.publish(US, publication)) == said(first)
        assert len(await world.read(CN)) == 2


async def test_the_same_statement_under_another_signature_is_the_same(world: World) -> None:
    sealed = world.packet()
    publication = packet_publication(world.parties.node(US), sealed)
    first = await world.publish(US, publication)
    signed_again = packet_publication(world.parties.node(US), sealed)
    assert signed_again.bundles[0].attestation != publication.bundles[0].attestation
    assert said(await world.publish(US, signed_again)) == said(first)


async def test_twice_in_one_publication_is_once(world: World) -> None:
    sealed = world.packet()
    one = packet_publication(world.parties.node(US), sealed)
    two = packet_publication(world.parties.node(US), sealed)
    both = Publication(bundles=one.bundles + two.bundles, parts=one.parts)
    first, second = await world.publish(US, both)
    assert first == second
    assert codes([first]) == [""]


async def test_retries_that_overtake_each_other_get_one_receipt(world: World) -> None:
    sealed = world.packet()
    publication = packet_publication(world.parties.node(US), sealed, [world.grant(sealed)])
    outcomes = await asyncio.gather(*(world.publish(US, publication) for _ in range(8)))
    assert all(said(each) == said(outcomes[0]) for each in outcomes)
    assert len(await world.read(CN)) == 2


async def test_a_refusal_is_as_final_as_an_acceptance(world: World) -> None:
    sealed = world.packet()
    refused = world.grant(sealed, MX, categories=["finance.amount"])
    first = await world.send(sealed, refused)
    tree = world.parties.node(US).sign([(StatementType.GRANT, encode_grant(refused))])
    (again,) = await world.publish(US, publication_of(tree, [0]))
    assert said([again]) == said([first[1]])


@pytest.mark.parametrize("error", [ChannelGap, ClockDoubted, StandingStale])
async def test_a_refusal_until_later_is_no_ruling(
    world: World, monkeypatch: pytest.MonkeyPatch, error: type[TearlineError]
) -> None:
    publication = packet_publication(world.parties.node(US), world.packet())

    def not_yet(context: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(process, "_apply", not_yet)
        (refused,) = await world.publish(US, publication)
    assert (codes([refused]), refused.receipt) == ([error.code], None)
    assert codes(await world.publish(US, publication)) == [""]


async def test_a_packet_id_used_for_another_packet_is_a_conflict(world: World) -> None:
    sealed = world.packet()
    await world.send(sealed)
    other = dataclasses.replace(sealed.manifest, case_id="another")
    changed = dataclasses.replace(sealed, manifest=other)
    assert manifest_id(changed) != manifest_id(sealed)
    (outcome,) = await world.send(changed)
    assert codes([outcome]) == ["TL-PKT-011"]
    event = event_of(outcome)
    assert (event.code, event.reason) == (EventCode.CONFLICT, "TL-PKT-011")
    assert receipt_of(outcome).code == signed_code("TL-PKT-011")


async def test_a_grant_id_used_for_another_grant_is_a_conflict(world: World) -> None:
    sealed = world.packet()
    first = world.grant(sealed, CN)
    await world.send(sealed, first)
    second = world.grant(sealed, MX, grant_id=first.grant_id)
    assert codes([await world.grant_only(second)]) == ["TL-PKT-011"]
    # In one batch as in two.
    other = world.packet()
    a = world.grant(other, CN)
    b = world.grant(other, MX, grant_id=a.grant_id, address=second.address)
    assert codes(await world.send(other, a, b)) == ["", "", "TL-PKT-011"]


async def test_another_node_may_use_the_same_packet_id(world: World) -> None:
    """Identifiers are judged within their signer, so that nobody squats on another's."""
    sealed = world.packet(US)
    await world.send(sealed)
    theirs = dataclasses.replace(
        sealed,
        manifest=dataclasses.replace(sealed.manifest, header=world.parties.node(CN).header),
    )
    assert codes(await world.send(theirs, sender=CN)) == [""]


async def test_nobody_fetches_anothers_receipt_by_its_statement(world: World) -> None:
    publication = packet_publication(world.parties.node(US), world.packet())
    await world.publish(US, publication)
    (outcome,) = await world.publish(CN, publication)
    assert codes([outcome]) == ["TL-TLS-006"]
    assert outcome.receipt is None


async def test_an_agreement_that_lacked_a_signature_may_come_whole_later(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        found = agreement(world.parties.signer(US).header)
        lacking = agreed(world.parties, found, signers=[US, CN])
        first = await world.publish_signed(US, lacking)
        assert codes(first) == ["TL-AGR-001"]
        assert said(await world.publish_signed(US, lacking)) == said(first)
        whole = agreed(world.parties, found)
        assert whole.statement.id == lacking.statement.id
        accepted = await world.publish_signed(US, whole)
        assert codes(accepted) == [""]
        assert said(await world.publish_signed(US, whole)) == said(accepted)


async def test_an_agreement_that_lacks_a_signature_spoils_no_whole_one_of_its_batch(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as world:
        found = agreement(world.parties.signer(US).header)
        lacking = agreed(world.parties, found, signers=[US, CN])
        whole = agreed(world.parties, found)
        first, second, again = await asyncio.gather(
            world.publish_signed(CN, lacking),
            world.publish_signed(US, whole),
            world.publish_signed(CN, lacking),
        )
        assert [codes(first), codes(second)] == [["TL-AGR-001"], [""]]
        assert again == second
        assert said(await world.publish_signed(US, whole)) == said(second)


async def test_who_is_not_believed_gets_no_receipt_and_may_try_again(world: World) -> None:
    sealed = world.packet()
    other_key = world.parties.signer(node_of(US), key=None)
    publication = packet_publication(other_key, sealed)
    bundle = publication.bundles[0]
    forged = dataclasses.replace(
        bundle.attestation, signature=bytes(len(bundle.attestation.signature))
    )
    broken = dataclasses.replace(
        publication, bundles=(dataclasses.replace(bundle, attestation=forged),)
    )
    (outcome,) = await world.publish(US, broken)
    assert (codes([outcome]), outcome.receipt) == (["TL-KEY-002"], None)
    assert codes(await world.publish(US, publication)) == [""]


async def test_a_zero_signature_under_a_known_root_is_no_hit(world: World) -> None:
    sealed, later = world.packet(), world.packet()
    await world.send(sealed)
    publication = packet_publication(world.parties.node(US), later)
    await world.publish(US, publication)
    again = world.packet()
    good = packet_publication(world.parties.node(US), again)
    bundle = good.bundles[0]
    forged = dataclasses.replace(
        bundle.attestation, signature=publication.bundles[0].attestation.signature
    )
    broken = dataclasses.replace(good, bundles=(dataclasses.replace(bundle, attestation=forged),))
    assert codes(await world.publish(US, broken)) == ["TL-KEY-002"]


async def test_a_statement_that_nobody_may_bring_is_refused(world: World) -> None:
    """A member record that no vote names, brought by a member, leaves no receipt."""
    again = member_record(agency(EU), world.parties.id)
    (outcome,) = await world.publish_signed(US, again)
    assert outcome.refusal is not None
    assert outcome.receipt is None


async def test_who_is_no_party_learns_nothing_by_the_bytes_of_others_agreement(
    world: World,
) -> None:
    """Nor of one that was refused, or that cannot be read; it is refused as if it were new."""
    header = world.parties.signer(US).header
    between = agreement(header, id=b"between the two!", terms=terms((MX, US)))
    signed = agreed(world.parties, between)
    (unknown,) = await world.publish_signed(CN, signed)
    assert codes(await world.publish_signed(US, signed)) == [""]
    (known,) = await world.publish_signed(CN, signed)
    assert known == unknown
    assert (known.receipt, codes([known])) == (None, ["TL-TLS-006"])
    wrong = agreed(world.parties, dataclasses.replace(between, version=5))
    (unknown,) = await world.publish_signed(CN, wrong)
    assert codes(await world.publish_signed(US, wrong)) != [""]
    assert await world.publish_signed(CN, wrong) == (unknown,)
    assert unknown.receipt is None
    (told,) = await world.publish_signed(MX, signed)
    assert told.receipt is not None


async def test_who_is_no_party_learns_nothing_by_another_version_under_the_id(
    world: World,
) -> None:
    header = world.parties.signer(MX).header
    between = agreement(header, id=b"between the two!", terms=terms((MX, US)))
    assert codes(await world.publish_signed(US, agreed(world.parties, between))) == [""]
    answers = []
    for id_ in (b"between the two!", b"of nobody at all"):
        theirs = agreement(header, id=id_, version=2, terms=terms((CN, MX)))
        (outcome,) = await world.publish_signed(CN, agreed(world.parties, theirs))
        assert outcome.refusal is not None
        answers.append((outcome.refusal.code, outcome.refusal.why))
    assert answers[0] == answers[1]


async def test_a_first_version_under_a_foreign_id_tells_that_the_id_is_taken_and_no_more(
    world: World,
) -> None:
    """The id is 128 random bits: whoever has it got it from a party."""
    header = world.parties.signer(MX).header
    between = agreement(header, id=b"between the two!", terms=terms((MX, US)))
    longer = dataclasses.replace(between, version=2)
    answers = []
    for each in (between, longer):
        assert codes(await world.publish_signed(US, agreed(world.parties, each))) == [""]
        theirs = agreement(header, id=between.id, terms=terms((CN, MX)))
        (outcome,) = await world.publish_signed(CN, agreed(world.parties, theirs))
        assert outcome.refusal is not None
        answers.append((outcome.refusal.code, outcome.refusal.why))
    assert answers == [("TL-PKT-011", "its id is taken")] * 2
    free = agreement(header, id=b"of nobody at all", terms=terms((CN, MX)))
    assert codes(await world.publish_signed(CN, agreed(world.parties, free))) == [""]


async def test_who_joins_publishes_what_all_others_have_signed(world: World) -> None:
    header = world.parties.signer(US).header
    between = agreement(header, id=b"between the two!", terms=terms((MX, US)))
    assert codes(await world.publish_signed(US, agreed(world.parties, between))) == [""]
    wider = dataclasses.replace(between, version=2, terms=terms())
    assert codes(await world.publish_signed(CN, agreed(world.parties, wider))) == [""]


async def test_the_receipt_of_an_order_to_erase_is_for_its_parties_alone(world: World) -> None:
    order = Erasure(
        header=world.parties.node(MX).header,
        agreement_id=AGREEMENT_ID,
        indices=(10_000,),
        parties=(MX, US),
        reason="a court ordered it",
    )
    nodes = [world.parties.node(each) for each in (MX, US)]
    signed = signed_by(StatementType.ERASURE, encode_erasure(order), *nodes)
    (unknown,) = await world.publish_signed(CN, signed)
    (refused,) = await world.publish_signed(MX, signed)
    assert refused.receipt is not None
    assert await world.publish_signed(CN, signed) == (unknown,)
    assert unknown.receipt is None
