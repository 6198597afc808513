"""What the database is asked on behalf of a statement: nothing before its signature is believed."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from support.agencies import (
    CN,
    DAY_MS,
    FIELDS,
    MX,
    NOW_MS,
    US,
    key_record,
    node_of,
    signed_by,
    signing_key,
)
from support.exchange import World, address, codes, manifest_id, sealed_packet
from tearline.federation.members import KeyUse
from tearline.limits import MAX_RELEASES
from tearline.packets.grant import Grant
from tearline.packets.recall import Recall, RecallOrder, RecallReason
from tearline.sealing import SealedPacket
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.wire.federation import encode_key_record
from tearline.wire.grants import encode_grant
from tearline.wire.packets import encode_manifest
from tearline.wire.publications import publication_of
from tearline.wire.recalls import encode_recall
from tearline_server.storage import packet_allowance
from tearline_server.storage.lookups import LookupResults

BUSY = "TL-REQ-002"


@pytest.fixture
def told(world: World, monkeypatch: pytest.MonkeyPatch) -> list[LookupResults]:
    """What the exchange was told of the past, batch for batch."""
    found: list[LookupResults] = []
    commit = world.store.commit

    async def listen(*arguments: Any, **options: Any) -> float:
        *before, append = arguments

        def noting(head: Any, known: LookupResults) -> Any:
            found.append(known)
            return append(head, known)

        return await commit(*before, noting, **options)

    monkeypatch.setattr(world.store, "commit", listen)
    return found


async def sent(world: World, number: int, **changed: object) -> list[SealedPacket]:
    """Packets of the United States', of which Mexico was given some."""
    found = []
    for _ in range(number):
        sealed = world.packet(**changed)
        assert codes(await world.send(sealed, world.grant(sealed, MX))) == ["", ""]
        found.append(sealed)
    return found


async def grant_all(world: World, grants: Sequence[Grant], signer: Signer) -> list[str]:
    """Publishes grants under one signature, as the United States' node."""
    tree = signer.sign([(StatementType.GRANT, encode_grant(each)) for each in grants])
    return codes(await world.publish(US, publication_of(tree, range(len(grants)))))


async def test_nothing_is_read_for_a_signature_that_is_not_believed(
    world: World, told: list[LookupResults]
) -> None:
    packets = await sent(world, 3)
    stranger = world.parties.signer(node_of(US), signing_key("stranger"))
    grants = [replace(world.grant(each, CN), header=stranger.header) for each in packets]
    told.clear()
    assert set(await grant_all(world, grants, stranger)) == {"TL-TRU-002"}
    (known,) = told
    assert (known.packets, known.releases, known.recalls, known.waiting) == ({}, {}, {}, {})


async def test_sources_are_not_read_for_a_signature_that_is_not_believed(
    world: World, told: list[LookupResults]
) -> None:
    sources = [manifest_id(sealed) for sealed in await sent(world, 2)]
    stranger = world.parties.signer(node_of(MX), signing_key("stranger"))
    derived = sealed_packet(stranger.header, derived_from=tuple(sorted(sources)))
    tree = stranger.sign([(StatementType.MANIFEST, encode_manifest(derived.manifest))])
    told.clear()
    assert codes(await world.publish(MX, publication_of(tree, [0]))) == ["TL-TRU-002"]
    assert (told[0].packets, told[0].releases) == ({}, {})


async def test_a_grant_is_judged_without_reading_a_ciphertext(
    world: World, told: list[LookupResults]
) -> None:
    large = replace(FIELDS[0], values=(b"x" * 200_000,))
    (sealed,) = await sent(world, 1, fields=(large, *FIELDS[1:]))
    told.clear()
    assert codes([await world.grant_only(world.grant(sealed, CN))]) == [""]
    (packet,) = told[0].packets.values()
    read = sum(len(value) for value in vars_of(packet) if isinstance(value, bytes))
    assert 0 < read < 20_000


def vars_of(packet: object) -> list[object]:
    """The values of what is known of a packet."""
    return [getattr(packet, name) for name in packet.__slots__]  # type: ignore[attr-defined]


@pytest.mark.parametrize("relation", ["grant", "source", "corrected"])
async def test_a_packet_of_others_is_not_read(
    world: World, told: list[LookupResults], relation: str
) -> None:
    (sealed,) = await sent(world, 1)
    theirs = manifest_id(sealed)
    told.clear()
    if relation == "grant":
        await world.grant_only(world.grant(sealed, MX, CN), CN)
    elif relation == "source":
        await world.send(world.packet(CN, derived_from=(theirs,)), sender=CN)
    else:
        await world.send(world.packet(CN, supersedes=theirs), sender=CN)
    assert told
    assert all(theirs not in known.packets and not known.releases for known in told)
    assert all(theirs not in known.recalls for known in told)


async def test_what_is_too_much_for_one_batch_is_refused_for_now_and_taken_later(
    world: World, told: list[LookupResults], monkeypatch: pytest.MonkeyPatch
) -> None:
    packets = await sent(world, 3)
    grants = [world.grant(sealed, CN) for sealed in packets]
    monkeypatch.setattr(packet_allowance, "MAX_ASKED_PACKETS", 2)
    told.clear()
    node = world.parties.node(US)
    assert await grant_all(world, grants, node) == ["", "", BUSY]
    assert len(told[0].packets) == 2
    assert await grant_all(world, grants[2:], node) == [""]


async def test_a_source_that_was_granted_without_end_is_not_read_without_end(
    world: World, told: list[LookupResults]
) -> None:
    """Its originator and the one that it is granted to may be of one mind."""
    (sealed,) = await sent(world, 1)
    again = [world.grant(sealed, MX) for _ in range(MAX_RELEASES)]
    assert set(await grant_all(world, again, world.parties.node(US))) == {""}
    derived = world.packet(MX, derived_from=(manifest_id(sealed),))
    assert codes(await world.send(derived, sender=MX)) == [""]
    told.clear()
    assert codes([await world.grant_only(world.grant(derived, CN, MX), MX)]) == ["TL-POL-020"]
    assert 0 < sum(len(events) for events in told[0].releases.values()) <= 2 * (MAX_RELEASES + 1)


async def test_of_whom_a_source_was_granted_to_only_the_parties_are_read(
    world: World, told: list[LookupResults]
) -> None:
    (sealed,) = await sent(world, 1)
    others = [world.grant(sealed, CN) for _ in range(8)]
    assert set(await grant_all(world, others, world.parties.node(US))) == {""}
    derived = world.packet(MX, derived_from=(manifest_id(sealed),))
    told.clear()
    assert codes(await world.send(derived, sender=MX)) == [""]
    assert [len(events) for events in told[0].releases.values()] == [1]


async def test_a_key_and_what_it_signed_in_one_batch_come_one_after_the_other(
    world: World,
) -> None:
    """Nothing was looked up for a key that was unknown: so nothing final is said under it."""
    (sealed,) = await sent(world, 1)
    new = world.parties.signer(node_of(US), signing_key("new key"))
    root = world.parties.signer(US)
    record = key_record(
        root.header, node_of(US), KeyUse.SIGN, signing_key("new key").public.encoded
    )
    body = encode_key_record(record)
    made = replace(world.grant(sealed, CN), header=new.header)
    tree = new.sign([(StatementType.GRANT, encode_grant(made))])
    grant = publication_of(tree, [0])
    recorded, granted = await asyncio.gather(
        world.publish_signed(US, signed_by(StatementType.KEY_RECORD, body, root)),
        world.publish(US, grant),
    )
    assert (codes(recorded), codes(granted)) == ([""], [BUSY])
    assert codes(await world.publish(US, grant)) == [""]


async def test_what_its_originator_names_in_the_same_batch_is_not_others_to_grant(
    world: World, told: list[LookupResults]
) -> None:
    (sealed,) = await sent(world, 1)
    own, theirs = world.grant(sealed, CN), world.grant(sealed, MX, CN)
    told.clear()
    granted, refused = await asyncio.gather(world.grant_only(own), world.grant_only(theirs, CN))
    assert len(told) == 1
    assert codes([granted, refused]) == ["", "TL-GRT-002"]


async def test_what_its_originator_names_in_the_same_batch_is_not_others_to_recall(
    world: World, told: list[LookupResults]
) -> None:
    (sealed,) = await sent(world, 1)
    order = RecallOrder(reason=RecallReason.MISTAKE, respond_by_ms=NOW_MS + 3 * DAY_MS, whole=True)
    recall = Recall(
        header=world.parties.node(CN).header,
        address=address(MX, 1),
        packet=manifest_id(sealed),
        said=order,
    )
    told.clear()
    granted, refused = await asyncio.gather(
        world.grant_only(world.grant(sealed, CN)),
        world.say(CN, StatementType.RECALL, encode_recall(recall)),
    )
    assert len(told) == 1
    assert codes([granted, refused]) == ["", "TL-GRT-002"]
