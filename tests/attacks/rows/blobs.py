"""Large documents beside packets: whoever sends other parts, asks for others', or fills a disk."""

from attacks.attack import Rows

_REFUSED = "the refusal of the call, in the exchange's log lines"
_UNFINISHED = "the unfinished file, if a part of it was verified"

_served = Rows(
    tests="tests/unit/server/blobs/test_documents.py::", evidence=_REFUSED, code="TL-BLB-001"
)
_fetched = Rows(
    tests="tests/unit/client/cli/test_large_documents.py::",
    evidence=_UNFINISHED,
    code="TL-BLB-001",
)

_NAMED = "tearline_server.processing.handlers.packets:verify_documents"
_LEFT = "tearline_server.delivery.mailboxes:Mailboxes._left"
_DOCUMENTS = "tearline_server.blobs.documents:"

BLOBS = (
    _served(
        "send another part of a document, or of another one, or a shorter one",
        "test_a_part_that_was_not_announced_is_refused",
        f"{_DOCUMENTS}verify_part",
    ),
    _served(
        "announce and send a part of another length",
        "test_a_part_of_another_length_is_refused",
        f"{_DOCUMENTS}verify_part",
    ),
    _served(
        "link a document to packets that are not sent",
        "test_a_packet_that_is_not_sent_claims_no_document",
        f"{_DOCUMENTS}linked_parts",
        "publication.parts",
        code="",
    ),
    _served(
        "cancel a call, and begin another beside its thread",
        "test_a_cancelled_call_keeps_its_turn_until_it_has_ended",
        "tearline_server.blobs.exclusive:exclusively",
        "await work",
        code="",
    ),
    _served(
        "name a document of which parts are missing",
        "test_a_packet_needs_its_document",
        f"{_DOCUMENTS}_is_complete",
        "True",
        code="TL-BLB-002",
    ),
    _served(
        "name a document of another packet",
        "test_a_document_belongs_to_one_line_of_packets",
        _NAMED,
        code="TL-BLB-002",
    ),
    _served(
        "link a document to a slot without a field",
        "test_a_document_belongs_to_a_field",
        _NAMED,
        code="TL-PKT-006",
    ),
    _served(
        "ask for a document by a grant that does not name it",
        "test_nobody_else_gets_it_or_learns_of_it",
        _LEFT,
        "set(packet.parts.ciphertexts)",
        code="TL-BLB-004",
    ),
    _served(
        "ask for a document that was recalled",
        "test_a_recalled_document_is_gone",
        "tearline_server.processing.handlers.recall_rules:gone_slots",
        "frozenset()",
        code="TL-BLB-004",
    ),
    _served(
        "ask for a document under a suspended agreement",
        "test_a_suspension_stops_it",
        "tearline.suspensions.index:SuspensionIndex.verify_open",
        code="TL-AGR-010",
    ),
    _served(
        "fill the disk of the exchange",
        "test_an_agency_has_its_own_space",
        f"{_DOCUMENTS}_charge",
        "0",
        code="TL-BLB-003",
    ),
    _served(
        "fill the disk so that no member's packets are accepted",
        "test_documents_leave_room_for_packets",
        f"{_DOCUMENTS}BlobSpace.free_bytes",
        "1 << 60",
        code="TL-BLB-003",
    ),
    _served(
        "ask for a document after the end of its grant",
        "test_an_ended_grant_gives_nothing",
        "tearline_server.delivery.mailboxes:end_of",
        "1 << 60",
        code="TL-BLB-004",
    ),
    _served(
        "fill the disk with many small documents",
        "test_many_small_ones_take_space_too",
        f"{_DOCUMENTS}_charge",
        "size",
        code="TL-BLB-003",
    ),
    _served(
        "begin documents, and never finish one",
        "test_an_upload_without_a_packet_goes_after_a_day",
        f"{_DOCUMENTS}Documents._look_at",
        code="",
    ),
    _fetched(
        "deliver the parts of a document in another order",
        "test_swapped_parts_are_refused",
        "tearline_client.features.packets.downloads:verify_part",
    ),
    _fetched(
        "deliver a document without its end",
        "test_a_truncated_document_is_refused",
        "tearline_client.features.packets.downloads:verify_leaves",
    ),
    _fetched(
        "state another digest than that of a document",
        "test_a_document_of_another_digest_is_refused",
        "tearline_client.connectors.exporters.unfinished:UnfinishedFile._verify",
    ),
    _fetched(
        "call a disk's image a document to be read",
        "test_a_document_of_another_type_is_refused",
        "tearline.bodies.documents:verify_head",
        code="TL-PKT-033",
    ),
    Rows(tests="tests/unit/proto/blobs/test_blobs.py::", evidence="none: nothing is lost")(
        "open a document by the exhibit of its field",
        "test_the_secret_is_masked_in_the_packet",
        "tearline.blobs.description:masked_field",
        "field",
    ),
)
