"""Cosignatures at the exchange: each node is told of those on which it relies."""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from support.agencies import (
    Federation,
    agency,
    clear_entries,
    constitution,
    key_record,
    node_of,
    signed_by,
)
from support.exchange import World, agreed, agreement, opened, terms
from support.light import cosigner, cosigning_record
from tearline.federation.directory import COUNTED_KEYS_KEPT
from tearline.federation.members import KeyUse
from tearline.federation.turns import TurnRequest
from tearline.identity import agency_uri_of
from tearline.limits import (
    COSIGN_TURN_MS,
    DIRECTORY_INTERVAL_MS,
    MAX_AGENCY_NODES,
    MAX_COSIGN_BYTES,
    MAX_COSIGN_PAUSE_MS,
    MAX_TOLD_LINES,
)
from tearline.statements.statement import HASH_SIZE, StatementType
from tearline.tlog.checkpoint import CheckpointSigner, NoteAlgorithm, parse_checkpoint_text
from tearline.tlog.note import Note, NoteSignature, parse_note
from tearline.verification.light_replay import line_keys
from tearline.wire.cosigning import CosignReply, CosignRequest, encode_cosign_news
from tearline.wire.federation import encode_key_record
from tearline_server.storage.rows import Restoration
from tearline_server.tlog import cosignatures, cosigned_checkpoints
from tearline_server.tlog.cosignatures import Cosignatures
from tearline_server.tlog.cosigned_checkpoints import CosignedCheckpoints

COUNTED, US, MX, CN, FR = (f"spiffe://{name}.example" for name in ("au", "us", "mx", "cn", "fr"))
_IDS = count()
ALL = tuple(sorted((COUNTED, US, MX, CN, FR)))


def one_counted() -> Federation:
    """A federation of five, of which one is a counted cosigner; US and MX have an agreement."""
    constituted = replace(constitution(ALL), cosigners=(COUNTED,), quorum=1)
    clear = clear_entries(map(agency, ALL), constituted)
    return Federation(agencies=ALL, id=clear[0].statement.id, clear=clear)


FEDERATION = one_counted()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened(tmp_path, FEDERATION) as found:
        records = [cosigning_record(FEDERATION, uri) for uri in ALL]
        for uri, record in zip(ALL, records, strict=True):
            (outcome,) = await found.publish_signed(uri, record)
            assert outcome.refusal is None
        found.clock.time_ms += 1000
        yield found


async def turn(world: World, key: CheckpointSigner) -> CosignReply:
    """A node's turn: it signs the newest checkpoint."""
    note = await world.exchange.checkpoint()
    now_s = world.clock.time_ms // 1000
    line = key.sign(parse_checkpoint_text(parse_note(note).text), time_s=now_s)
    signed = parse_note(note).with_signatures([line]).encode()
    return await world.exchange.cosign(key.verifier.name, CosignRequest(checkpoint=signed))


async def cosign(world: World, uri: str) -> CosignReply:
    """A turn of an agency's full node."""
    return await turn(world, cosigner(uri))


async def recorded(world: World, name: str, use: KeyUse) -> CheckpointSigner:
    """Returns a key of a node by which it signs the log, which its agency puts on record."""
    uri = agency_uri_of(name)
    key = CheckpointSigner.generate(name=name, algorithm=NoteAlgorithm.MLDSA44)
    root = FEDERATION.signer(uri)
    record = key_record(root.header, name, use, key.verifier.public)
    body = encode_key_record(record)
    signed = signed_by(StatementType.KEY_RECORD, body, root)
    (outcome,) = await world.publish_signed(uri, signed)
    assert outcome.refusal is None, outcome.refusal
    world.clock.time_ms += 1000
    return key


async def witness(world: World, name: str) -> CheckpointSigner:
    """Returns the key of a light node."""
    return await recorded(world, name, KeyUse.WITNESS)


async def grow(world: World) -> None:
    """The log grows by the entries of another agreement."""
    made = agreement(
        world.parties.signer(US).header,
        terms=terms((MX, US)),
        id=next(_IDS).to_bytes(16),
    )
    signed = agreed(world.parties, made, (US, MX))
    (outcome,) = await world.publish_signed(US, signed)
    assert outcome.refusal is None, outcome.refusal
    world.clock.time_ms += 1000


def told(reply: CosignReply) -> set[str]:
    """The agencies whose lines an answer holds."""
    names = {line.name for note in reply.checkpoints for line in parse_note(note).signatures}
    return {agency_uri_of(name) for name in names if "://" in name}


async def test_a_node_is_told_of_counted_cosigners_its_partners_and_itself(world: World) -> None:
    await grow(world)
    for uri in ALL:
        reply = await cosign(world, uri)
        await grow(world)
    assert told(reply) == {COUNTED, US, MX}  # US came last
    assert told(await cosign(world, FR)) == {COUNTED, FR}
    assert told(await cosign(world, MX)) == {COUNTED, US, MX}


async def test_a_page_of_entries_has_the_lines_that_its_reader_relies_on(world: World) -> None:
    await grow(world)
    for uri in (*ALL, US):
        await cosign(world, uri)
    for reader, lines in (("", {COUNTED}), (FR, {COUNTED, FR}), (MX, {COUNTED, US, MX})):
        page = await world.exchange.entries(0, 0, reader)
        assert told(CosignReply(checkpoints=(page.checkpoint,))) == lines


async def test_the_newest_line_of_a_node_that_is_not_counted_replaces_its_others(
    world: World,
) -> None:
    for _ in range(3):
        await cosign(world, COUNTED)
        await cosign(world, FR)
        await grow(world)
    rows = [parse_note(note) for _, note in await world.store.cosigned()]
    lines = [line.name for note in rows for line in note.signatures if "://" in line.name]
    assert sorted(lines) == sorted([node_of(COUNTED)] * 3 + [node_of(FR)])
    await world.exchange._cosignatures.restore()
    assert told(await cosign(world, FR)) == {COUNTED, FR}


async def test_lines_of_one_tree_come_in_notes_of_bounded_size(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cosigned_checkpoints, "MAX_TOLD_LINES", 1)
    await grow(world)
    for uri in (MX, COUNTED, US):
        reply = await cosign(world, uri)
    first, *others = [parse_note(note).signatures for note in reply.checkpoints]
    names = [[line.name for line in each if "://" in line.name] for each in (first, *others)]
    assert names[0] == [node_of(COUNTED)]
    assert sorted(names[1:]) == sorted([[node_of(uri)] for uri in (COUNTED, MX, US)])
    monkeypatch.setattr(cosignatures, "MAX_TOLD_NOTES", 2)
    assert told(await cosign(world, MX)) > {COUNTED}


async def test_the_more_nodes_cosign_the_longer_they_pause(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await cosign(world, COUNTED)).pause_ms == 0
    assert (await cosign(world, US)).pause_ms == 2 * COSIGN_TURN_MS
    assert (await cosign(world, FR)).pause_ms == 3 * COSIGN_TURN_MS
    monkeypatch.setattr(cosignatures, "COSIGN_TURN_MS", MAX_COSIGN_PAUSE_MS)
    assert (await cosign(world, FR)).pause_ms == MAX_COSIGN_PAUSE_MS
    assert (await cosign(world, COUNTED)).pause_ms == 0


async def test_lags_count_from_each_node_s_newest_line(world: World) -> None:
    for uri in (FR, US):
        await cosign(world, uri)
        await grow(world)
    await world.exchange.checkpoint()
    behind = world.exchange.snapshot.cosigners_behind
    assert behind[node_of(US)] < behind[node_of(FR)] < behind[node_of(CN)]


async def newest_cosigners(world: World) -> tuple[int, list[str]]:
    """Size and cosigners of the newest checkpoint, as a turn of a light node has it."""
    size = parse_checkpoint_text(parse_note(await world.exchange.checkpoint()).text).size
    trust = world.exchange.trust
    keys = line_keys(trust.directory.federation_state(), trust)
    note = world.exchange._cosignatures.at(size, keys)
    lines = () if note is None else note.signatures
    return size, [line.name for line in lines if "://" in line.name]


async def test_light_nodes_push_out_no_cosignature(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn has the lines of counted cosigners alone, however many light nodes sign."""
    monkeypatch.setattr(cosigned_checkpoints, "MAX_TOLD_LINES", 2)
    keys = [await witness(world, f"{COUNTED}/node/a{number}") for number in range(3)]
    for key in keys:
        await turn(world, key)
    assert (await newest_cosigners(world))[1] == []
    await cosign(world, COUNTED)
    await world.exchange._cosignatures.restore()  # as in another process: in order of the nodes
    assert (await newest_cosigners(world))[1] == [node_of(COUNTED)]
    page = await world.exchange.entries(0, 0, FR)
    for note in (page.checkpoint, await world.exchange.checkpoint()):
        names = [line.name for line in parse_note(note).signatures if "://" in line.name]
        assert names == [node_of(COUNTED)]


def test_an_agency_of_many_nodes_pushes_out_no_other_one() -> None:
    """A turn of a light node has one part, in which every counted cosigner needs a place."""
    kept = CosignedCheckpoints(lambda _: False, lambda _: KeyUse.COSIGN)
    names = [*(f"{US}/node/n{number}" for number in range(MAX_TOLD_LINES)), node_of(MX)]
    lines = [NoteSignature(name=name, key_hash=bytes(4), payload=b"1") for name in names]
    kept.add(7, Note(text="log\n7\nroot\n", signatures=tuple(lines)))
    first, second = kept.parts(7, [(US, KeyUse.COSIGN), (MX, KeyUse.COSIGN)])
    assert {agency_uri_of(line.name) for line in first.signatures} == {US, MX}
    assert {*first.signatures, *second.signatures} == {*lines}


async def test_a_turn_waits_for_a_line_by_a_key_that_the_directory_lists(world: World) -> None:
    """Of seventeen nodes the state of the federation lists sixteen; a light node knows no other."""
    names = [f"{COUNTED}/node/n{number}" for number in range(COUNTED_KEYS_KEPT)]
    listed = [await recorded(world, name, KeyUse.COSIGN) for name in names]
    world.clock.time_ms += DIRECTORY_INTERVAL_MS
    await world.exchange.maintenance.write_directory()
    first = TurnRequest(size=0, decision=bytes(HASH_SIZE), keys=())
    await turn(world, listed[0])
    lines = (await world.exchange.light.turn(FR, first)).lines
    await cosign(world, COUNTED)  # its newest line
    assert (await world.exchange.light.turn(FR, first)).lines == lines
    assert names[0] in [line.name for line in lines]


async def test_lines_of_many_nodes_and_keys_fit_an_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node signs one tree by each of its keys; an answer to any cosigner has four megabytes."""
    await grow(world)
    cosigned = world.exchange._cosignatures
    monkeypatch.setattr(Cosignatures, "_use_of", lambda self, line: KeyUse.COSIGN)
    await cosigned.restore()
    size, note = await world.exchange._log.checkpoint()
    text = parse_note(note).text
    many = [
        NoteSignature(
            name=f"{COUNTED}/node/n{node}", key_hash=bytes([key] * 4), payload=bytes(2428)
        )
        for key in range(COUNTED_KEYS_KEPT)
        for node in range(MAX_AGENCY_NODES)
    ]
    for at, uri in enumerate((MX, US, COUNTED), start=size - 2):
        last = NoteSignature(name=node_of(uri), key_hash=bytes(4), payload=bytes(2428))
        cosigned._checkpoints.add(at, Note(text=text, signatures=(*many, last)))
    reply = await cosigned.answer(node_of(US), CosignRequest(), 0)
    assert len(encode_cosign_news(reply)) < MAX_COSIGN_BYTES // 8
    assert told(reply) == {COUNTED, US, MX}
    assert cosigned._newest(US, 0) == []


async def test_a_newer_line_of_a_light_node_hides_no_cosignature(world: World) -> None:
    key = await witness(world, f"{US}/node/light")
    await cosign(world, US)
    cosigned = world.exchange.snapshot.cosigned
    await grow(world)
    size, _ = await newest_cosigners(world)
    await turn(world, key)
    assert cosigned < size
    assert world.exchange.snapshot.cosigned == cosigned
    assert told(await cosign(world, FR)) == {FR}
    reply = await cosign(world, MX)
    lines = {line.name for note in reply.checkpoints for line in parse_note(note).signatures}
    assert {node_of(US), key.verifier.name} < lines


async def test_a_restored_exchange_waits_for_cosignatures_alone(world: World) -> None:
    """A node that is light now may have cosigned more, as a full one."""
    key = await witness(world, node_of(US))
    await world.store.begin_epoch(Restoration(start=0, stop=0, settled=False))
    await world.exchange.resume_barrier.restore([node_of(US)])
    await turn(world, key)
    assert world.exchange.resume_barrier.awaited == [node_of(US)]
    await cosign(world, US)
    assert world.exchange.resume_barrier.awaited == []
