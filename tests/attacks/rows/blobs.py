"""Large documents beside packets: whoever sends other parts, asks for others', or fills a disk."""

from attacks.attack import Rows

_REFUSED = "the refusal of the call, in the exchange's log lines"
_UNFINISHED = "sealed parts in the home, if some were verified"

_served = Rows(
    tests="tests/unit/server/blobs/test_documents.py::", evidence=_REFUSED, code="TL-BLB-001"
)
_stored = Rows(
    tests="tests/unit/server/blobs/test_stores.py::",
    functions="tearline_server.storage.postgres.blobs:",
    evidence="none: nothing is lost",
)
_fetched = Rows(
    tests="tests/unit/client/cli/test_large_documents.py::",
    evidence=_UNFINISHED,
    code="TL-BLB-001",
)

_ACCESS = "the refused export, in the node's own access log"
_scanned = Rows(
    tests="tests/unit/client/transport/test_clamd.py::",
    evidence=_ACCESS,
    code="TL-BLB-008",
)
_saved = Rows(
    tests="tests/unit/client/cli/test_large_documents.py::", evidence=_ACCESS, code="TL-BLB-007"
)

_given = Rows(
    tests="tests/unit/client/console/test_large_documents.py::",
    evidence=_ACCESS,
    code="",
)

_sent = Rows(
    tests="tests/unit/client/console/test_attachments.py::", evidence="none: nothing is stored"
)

_NAMED = "tearline_server.processing.handlers.packets:verify_documents"
_READ = "tearline_server.delivery.read_packets:ReadPacket."
_DOCUMENTS = "tearline_server.blobs.documents:"
_SPACE = "tearline_server.blobs.space:"
_SWEEPER = "tearline_server.blobs.sweeper:"

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
        "name documents by the thousand in packets that the publisher did not sign",
        "test_documents_of_a_forged_packet_are_not_looked_up",
        "tearline_server.processing.authorship:linked_parts",
        "tuple(each.submitted.parts for each in claims if each.submitted.parts)",
        code="",
    ),
    Rows(tests="tests/unit/proto/wire/test_publications.py::", evidence=_REFUSED)(
        "link more documents in one message than are looked up",
        "test_a_message_links_few_documents",
        "tearline.wire.publications:verify_links",
        code="TL-PKT-001",
    ),
    _served(
        "have one document looked up for each packet of a message, and read to its end each time",
        "test_the_root_of_a_document_is_computed_once",
        "tearline_server.blobs.files:BlobFolder.root",
        "b''",
        code="",
    ),
    _served(
        "leave, and let the exchange look up the documents of a message to their end",
        "test_a_caller_that_leaves_ends_the_look_ups",
        "tearline_server.blobs.documents:has_caller",
        "True",
        code="",
    ),
    _served(
        "announce documents and send none, so that no other agency's has room",
        "test_announcements_without_parts_leave_the_disk_to_others",
        f"{_SPACE}Taken.reserved",
        "self.stored + self.awaited",
        code="",
    ),
    _served(
        "fill the disk with documents before other agencies send theirs",
        "test_each_agency_has_its_share_of_a_full_disk",
        f"{_SPACE}Space.verify_room",
        code="TL-BLB-003",
    ),
    _served(
        "offer a document again and again, without a part of it",
        "test_an_announcement_without_parts_ends_after_an_hour",
        f"{_SWEEPER}is_abandoned",
        "False",
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
        f"{_DOCUMENTS}is_complete",
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
        f"{_READ}granted",
        "set(self.parts.ciphertexts)",
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
        f"{_SPACE}charge",
        "0",
        code="TL-BLB-003",
    ),
    _served(
        "fill the disk so that no member's packets are accepted",
        "test_documents_leave_room_for_packets",
        f"{_SPACE}free_bytes",
        "1 << 60",
        code="TL-BLB-003",
    ),
    _served(
        "ask for a document after the end of its grant",
        "test_an_ended_grant_gives_nothing",
        f"{_READ}end_ms",
        "1 << 60",
        code="TL-BLB-004",
    ),
    _served(
        "fill the disk with many small documents",
        "test_many_small_ones_take_space_too",
        f"{_SPACE}charge",
        "size",
        code="TL-BLB-003",
    ),
    _served(
        "begin documents, and never finish one",
        "test_an_upload_without_a_packet_goes_after_a_day",
        f"{_SWEEPER}Sweeper._look_at",
        code="",
    ),
    _stored(
        "offer documents to several exchanges at once, beyond the agency's space",
        "test_offers_at_the_same_time_stay_within_the_space[bucket]",
        "_take_space",
        "True",
        code="TL-BLB-003",
    ),
    _stored(
        "send parts while the document is deleted, so that objects of none pile up",
        "test_a_part_of_a_deleted_document_leaves_no_object[bucket]",
        "PostgresBlobs.grow",
        "True",
        code="TL-BLB-001",
    ),
    _stored(
        "send one packet to two exchanges, and break one call off, so that its document is dropped",
        "test_one_of_two_attempts_that_fails_leaves_the_others_record[folder]",
        "_new_claim",
        "bytes(16)",
    ),
    _stored(
        "send a packet again and again, so that claims of its document pile up",
        "test_repeated_packets_leave_one_record[folder]",
        "PostgresBlobs.settle",
    ),
    Rows(tests="tests/unit/server/blobs/test_several.py::", evidence=_REFUSED)(
        "name one document in two packets at two exchanges at once",
        "test_one_document_at_two_exchanges_belongs_to_one_packet",
        "tearline_server.storage.postgres.blobs:_others",
        "[]",
        code="TL-BLB-002",
    ),
    Rows(tests="tests/unit/server/blobs/test_several.py::", evidence=_REFUSED)(
        "fetch a document at another exchange, after the receipt of a suspension",
        "test_no_part_is_given_after_a_suspension_at_another_exchange",
        "tearline_server.replicas:ReplicaFollower.catch_up",
        code="TL-AGR-010",
    ),
    Rows(tests="tests/unit/server/blobs/test_several.py::", evidence=_REFUSED)(
        "read at another exchange under a key that was revoked",
        "test_no_part_is_given_under_a_key_that_was_revoked_at_another_exchange",
        "tearline_server.grpc.interceptor:CallInterceptor._catch_up",
        code="TL-TLS-007",
    ),
    Rows(tests="tests/unit/server/blobs/test_several.py::", evidence=_REFUSED)(
        "read on in a stream at another exchange under a key that was revoked",
        "test_a_running_stream_ends_for_a_key_that_was_revoked_at_another_exchange",
        "tearline_server.replicas:ReplicaFollower.catch_up",
        code="TL-TLS-007",
    ),
    _served(
        "fill the own folder, so that other agencies' documents are not swept",
        "test_a_sweep_gives_each_agency_its_turn",
        f"{_SWEEPER}_share",
        "left",
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
        "tearline_client.store.received_parts:verify_digest",
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
    _saved(
        "send a document with malware",
        "test_a_document_that_the_scanner_refuses_is_not_saved[small]",
        "tearline_client.features.packets.document_reader:_scan",
    ),
    _saved(
        "send a large document with malware",
        "test_a_document_that_the_scanner_refuses_is_not_saved[large]",
        "tearline_client.transport.clamd:_judge",
    ),
    _saved(
        "have a document saved while the scanner is down",
        "test_without_its_scanner_a_node_saves_no_document[large]",
        "tearline_client.transport.clamd:Scanner.verify_ready",
        code="TL-BLB-008",
    ),
    _scanned(
        "answer for the scanner with other words",
        "test_any_other_answer_refuses",
        "tearline_client.transport.clamd:_judge",
    ),
    _scanned(
        "send a document that the scanner's limits leave unscanned",
        "test_a_scanner_that_calls_unscanned_files_clean_refuses",
        "tearline_client.transport.clamd:Scanner._verify_limits",
    ),
    _scanned(
        "call a document clean before its end",
        "test_an_answer_before_the_end_lets_nothing_pass[clean]",
        "tearline_client.transport.clamd:_judge",
        "None if answer == _CLEAN else (_ for _ in ()).throw(ScannerUnavailable(answer))",
    ),
    _given(
        "have a browser save a document whose content the scanner refuses",
        "test_a_document_that_the_scanner_refuses_is_not_given",
        "tearline_client.store.received_parts:ReceivedParts.verify",
        code="TL-BLB-007",
    ),
    _given(
        "name a document so that it hides its end, or leads elsewhere in a browser",
        "tests/unit/client/connectors/exporters/test_documents.py::"
        "test_names_of_senders_lead_nowhere_in_a_folder_and_in_a_browser",
        "tearline.bodies.documents:plain_file_name",
        "name",
    ),
    _given(
        "have so many documents fetched that the node does nothing else",
        "test_few_documents_are_fetched_at_once",
        "tearline_client.console.document_fetches:verify_free",
        code="TL-USE-009",
    ),
    _sent(
        "have an officer's browser store a file here from another page",
        "test_no_byte_is_stored_for_another_session",
        "tearline_client.console.forms:Form.verify_token",
        code="TL-USE-008",
    ),
    _sent(
        "break off a large file again and again",
        "test_a_browser_that_leaves_leaves_nothing",
        "tearline_client.connectors.importers.sealed_documents:OutgoingDocument.discard",
    ),
    _sent(
        "attach a large program",
        "test_a_document_that_cannot_be_sent_leaves_nothing",
        "tearline.bodies.documents:large_media_type_of",
        "'application/octet-stream'",
        code="TL-PKT-033",
    ),
)
