"""What a node and the exchange send each other: bounded, and strict in its parts."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from support.agencies import (
    MX,
    US,
    federation,
    grant,
    manifest_signed,
    node_of,
    packet,
    signed_by,
)
from support.cases import each_case
from tearline.errors import StatementMalformed
from tearline.limits import MAX_LOG_SIZE, MAX_MESSAGE_BYTES, MAX_RETRY_AFTER_MS
from tearline.packets.packet import PacketParts
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import StatementType
from tearline.v1 import exchange_pb2 as pb
from tearline.wire.audit_search import (
    ProvenEvent,
    ProvenEvents,
    SearchRequest,
    encode_proven_events,
    encode_search,
    parse_proven_events,
    parse_search,
)
from tearline.wire.deliveries import (
    START,
    Cursor,
    Delivery,
    delivery_cursor,
    encode_cursor,
    encode_delivery,
    parse_cursor,
    parse_delivery,
)
from tearline.wire.grants import encode_grant
from tearline.wire.log_entries import (
    EntryRange,
    encode_entries,
    encode_entries_request,
    parse_entries,
    parse_entries_request,
)
from tearline.wire.packet_parts import encode_apart, encode_parts, parse_parts
from tearline.wire.packets import encode_manifest
from tearline.wire.publications import (
    Outcome,
    Publication,
    Refused,
    encode_outcomes,
    encode_publication,
    parse_outcomes,
    parse_publication,
    publication_of,
)
from tearline.wire.statements import signed_of

FED = federation()
NODE = FED.node(US)
SEALED = packet(NODE.header)
MANIFEST = manifest_signed(SEALED, NODE)
PARTS = PacketParts(
    manifest=MANIFEST.statement.id,
    openings=tuple(SEALED.openings.values()),
    ciphertexts=dict(enumerate(SEALED.ciphertexts)),
    slot_count=len(SEALED.ciphertexts),
)
GRANT = grant(SEALED, MANIFEST.statement.id, NODE.header, node_of(MX))
TREE = NODE.sign(
    [
        (StatementType.MANIFEST, encode_manifest(SEALED.manifest)),
        (StatementType.GRANT, encode_grant(GRANT)),
    ]
)
ATTESTED = {TREE.attestation.hash: TREE.attestation}
ENTRY = LogOpening(index=7, salt=bytes(32), event=b"event")
CURSOR = Cursor(epoch=b"e" * 16, seq=5)
DELIVERY = Delivery(
    cursor=CURSOR,
    statements=(TREE.statement(1), TREE.statement(0)),
    attestations=ATTESTED,
    parts=(replace(PARTS, openings=()),),
    entry=ENTRY,
)
EVENTS = ProvenEvents(
    events=(ProvenEvent(entry=ENTRY, path=(bytes(32),), size=8),), checkpoint=b"note", next=8
)


def test_a_publication_comes_back_in_its_order() -> None:
    sent = publication_of(TREE, [0, 1], [PARTS])
    got = parse_publication(encode_publication(sent))
    assert got == sent
    assert [each.type for each in got.statements()] == [StatementType.MANIFEST, StatementType.GRANT]
    assert got.attestations() == {TREE.attestation.hash: TREE.attestation}


def test_a_publication_may_carry_what_others_signed() -> None:
    agreed = signed_by(StatementType.AGREEMENT, TREE.leaves[0].body, NODE, FED.node(MX))
    got = parse_publication(encode_publication(Publication(signed=(agreed,))))
    assert got.statements() == (agreed.statement,)
    assert got.attestations() == agreed.attestations


@pytest.mark.parametrize("order", [(0,), (0, 0), (1, 2), (0, 1, 2)])
def test_an_order_is_one_of_the_statements_sent(order: tuple[int, ...]) -> None:
    sent = replace(publication_of(TREE, [0, 1]), order=order)
    with pytest.raises(StatementMalformed):
        parse_publication(encode_publication(sent)).statements()


def test_the_parts_of_a_packet_are_sent_once() -> None:
    sent = replace(publication_of(TREE, [0, 1]), parts=(PARTS, PARTS))
    with pytest.raises(StatementMalformed, match="twice"):
        parse_publication(encode_publication(sent))


UNKNOWN_FIELD = b"\xf8\x7f\x01"  # number 2047, a varint


def test_parts_come_back() -> None:
    assert parse_parts(encode_parts(PARTS)) == PARTS


def test_parts_are_kept_as_they_were_read_but_for_what_no_reader_knows() -> None:
    sent = replace(publication_of(TREE, [0, 1]), parts=(PARTS,))
    encoded = encode_apart(PARTS)
    assert sent.encoded_parts() == {PARTS.manifest: encoded}
    lengths = tuple(map(len, SEALED.ciphertexts))
    assert parse_parts(encoded.openings) == replace(
        PARTS, ciphertexts={}, slot_count=0, lengths=lengths
    )
    assert parse_parts(encoded.ciphertexts) == replace(PARTS, openings=())
    message = pb.Publish.FromString(encode_publication(sent))
    message.parts[0].MergeFromString(UNKNOWN_FIELD)
    message.parts[0].ciphertexts[0].MergeFromString(UNKNOWN_FIELD)
    got = parse_publication(message.SerializeToString())
    assert got.parts == (PARTS,)
    assert dict(got.as_read) == got.encoded_parts() == sent.encoded_parts()


@pytest.mark.parametrize("slots", [[1, 0], [1, 1]])
def test_ciphertexts_stand_once_each_in_order(slots: list[int]) -> None:
    message = pb.PacketParts(manifest=bytes(32))
    for slot in slots:
        message.ciphertexts.add(slot=slot, data=b"x")
    with pytest.raises(StatementMalformed):
        parse_parts(message.SerializeToString())


def test_parts_name_a_manifest_and_are_no_more_than_a_packet_has() -> None:
    for changed in (
        replace(PARTS, manifest=b"short"),
        replace(PARTS, ciphertexts=dict.fromkeys(range(2049), b"")),
        replace(PARTS, openings=PARTS.openings * 13),
        replace(PARTS, slot_count=2049),
        replace(PARTS, path=(bytes(32),) * 2049),
        replace(PARTS, path=(bytes(31),)),
        replace(PARTS, lengths=(1,) * 2049),
    ):
        with pytest.raises(StatementMalformed):
            parse_parts(encode_parts(changed))


def test_a_delivery_comes_back() -> None:
    assert parse_delivery(encode_delivery(DELIVERY)) == DELIVERY
    clear = replace(DELIVERY, entry=None)
    assert parse_delivery(encode_delivery(clear)) == clear


def test_a_delivery_that_is_malformed_can_be_passed_over() -> None:
    message = pb.Delivery(epoch=CURSOR.epoch, seq=CURSOR.seq, attestations=[b"nonsense"])
    data = message.SerializeToString()
    with pytest.raises(StatementMalformed):
        parse_delivery(data)
    assert delivery_cursor(data) == CURSOR


def test_outcomes_come_back() -> None:
    outcomes = (
        Outcome(about=bytes(32), receipt=MANIFEST, refusal=None),
        Outcome(about=bytes(32), receipt=None, refusal=Refused(code="TL-TRU-001", why="unknown")),
    )
    assert parse_outcomes(encode_outcomes(outcomes)) == outcomes


def test_receipts_of_one_commit_share_their_signature() -> None:
    receipts = [
        Outcome(about=statement.id, receipt=signed_of(statement, ATTESTED), refusal=None)
        for statement in TREE.statements()
    ]
    alone, both = encode_outcomes((receipts[0],)), encode_outcomes(tuple(receipts))
    assert parse_outcomes(both) == tuple(receipts)
    assert len(both) - len(alone) < len(TREE.leaves[1].body) + 300
    message = pb.PublishReply.FromString(both)
    assert len(message.attestations) == 1
    message.ClearField("attestations")
    with pytest.raises(StatementMalformed):
        parse_outcomes(message.SerializeToString())


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (None, None),
        (0, 0),
        (MAX_RETRY_AFTER_MS, MAX_RETRY_AFTER_MS),
        (MAX_RETRY_AFTER_MS + 1, None),
    ],
)
def test_a_refusal_says_when_to_come_again_if_it_says_anything(
    said: int | None, read: int | None
) -> None:
    refusal = Refused(code="TL-REQ-009", why="", retry_after_ms=said)
    data = encode_outcomes((Outcome(about=bytes(32), receipt=None, refusal=refusal),))
    (outcome,) = parse_outcomes(data)
    assert outcome.refusal == replace(refusal, retry_after_ms=read)


def test_a_cursor_comes_back() -> None:
    for cursor in (START, CURSOR):
        assert parse_cursor(encode_cursor(cursor)) == cursor


@pytest.mark.parametrize(
    "message", [pb.Cursor(epoch=b"short"), pb.Cursor(seq=MAX_LOG_SIZE)], ids=["epoch", "seq"]
)
def test_an_impossible_cursor_is_refused(message: pb.Cursor) -> None:
    with pytest.raises(StatementMalformed):
        parse_cursor(message.SerializeToString())


def test_a_range_of_entries_comes_back() -> None:
    assert parse_entries_request(encode_entries_request(3, 0)) == (3, 0, False)
    asked = encode_entries_request(3, 0, to_directory=True)
    assert parse_entries_request(asked) == (3, 0, True)
    entries = EntryRange(start=3, entries=(b"\1" + bytes(32),), checkpoint="note ⏎".encode())
    assert parse_entries(encode_entries(entries)) == entries


def test_a_range_beyond_any_log_is_refused() -> None:
    for start, end in ((MAX_LOG_SIZE, 0), (0, MAX_LOG_SIZE)):
        with pytest.raises(StatementMalformed):
            parse_entries_request(encode_entries_request(start, end))


def test_a_page_of_events_comes_back() -> None:
    for page in (EVENTS, replace(EVENTS, next=None), replace(EVENTS, next=0)):
        assert parse_proven_events(encode_proven_events(page)) == page


@pytest.mark.parametrize("text", ["-1", "08", "٣", "1_0", "9" * 5000, str(MAX_LOG_SIZE + 1)])
def test_a_page_continues_at_a_number_in_its_one_spelling(text: str) -> None:
    with pytest.raises(StatementMalformed):
        parse_proven_events(pb.ProvenEvents(checkpoint="note", next=text).SerializeToString())


def test_a_search_comes_back() -> None:
    for after in (-1, 0, 7):
        request = SearchRequest(query="actor:spiffe://x", after=after, limit=100)
        assert parse_search(encode_search(request)) == request
    with pytest.raises(StatementMalformed):
        parse_search(encode_search(SearchRequest(query="q" * 5000, after=-1, limit=1)))


def test_a_checkpoint_of_any_size_is_not_taken() -> None:
    bulk = "n" * (1 << 19)
    with pytest.raises(StatementMalformed):
        parse_entries(pb.Entries(checkpoint=bulk).SerializeToString())
    with pytest.raises(StatementMalformed):
        parse_proven_events(pb.ProvenEvents(checkpoint=bulk).SerializeToString())


@each_case(
    "parse",
    [
        parse_publication,
        parse_parts,
        parse_outcomes,
        parse_cursor,
        parse_delivery,
        parse_entries_request,
        parse_entries,
        parse_proven_events,
        parse_search,
    ],
)
def test_noise_and_bulk_are_refused(parse: Callable[[bytes], object]) -> None:
    for data in (b"\xff" * 32, bytes(MAX_MESSAGE_BYTES + 1)):
        with pytest.raises(StatementMalformed):
            parse(data)
