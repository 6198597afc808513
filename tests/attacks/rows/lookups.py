"""Members that name what is not theirs: what the exchange looks up for them, and tells by it."""

from attacks.attack import Rows

_COUNTED = "a refusal in the log, counted by peer and code"
_ASKED = "tests/unit/server/processing/test_lookups.py"

_asked = Rows(tests=f"{_ASKED}::", evidence=_COUNTED)

_alike = Rows(tests="tests/unit/server/processing/test_equal_lookups.py::", evidence=_COUNTED)

_large = Rows(tests="tests/unit/", evidence="a refusal in the log, and a signed receipt of it")

_again = Rows(tests="tests/unit/server/", evidence=_COUNTED)

LOOKUPS = (
    _asked(
        "name packets under a stranger's signature, to have them read",
        "test_nothing_is_read_for_a_signature_that_is_not_believed",
        "tearline_server.processing.authorship:authored",
        "Authored(submitted=submitted, foreign=None, doubt=None)",
        code="TL-TRU-002",
    ),
    _asked(
        "name a packet of others, to have it read",
        "test_a_packet_of_others_is_not_read",
        "tearline_server.storage.sqlite.packets:own_sizes",
        "{owned: 0 for owned in asked}",
        code="TL-GRT-003",
    ),
    _alike(
        "measure the refusal of a step, to learn whether the request exists",
        "test_sqlite_works_alike_whether_the_id_exists_or_not[request of a step]",
        "tearline_server.storage.sqlite.requests:_is_asked_by",
        "True",
        code="TL-RFI-001",
    ),
    _asked(
        "grant a source without end to a member that names it, to have all of that read",
        "test_a_source_that_was_granted_without_end_is_not_read_without_end",
        "tearline_server.processing.handlers.onward:_released_to",
        "context.batch.releases(source, agency)",
        code="TL-POL-020",
    ),
    _asked(
        "name more packets than a batch should read",
        "test_what_is_too_much_for_one_batch_is_refused_for_now_and_taken_later",
        "tearline_server.storage.packet_allowance:_within",
        "({id_ for _, sizes in needed for id_ in sizes}, set())",
        code="TL-REQ-002",
    ),
    _again(
        "publish the bytes of others' agreement again, to get its receipt",
        "processing/test_retries.py::"
        "test_who_is_no_party_learns_nothing_by_the_bytes_of_others_agreement",
        "tearline_server.processing.authorship:_verify_party",
        code="TL-TLS-006",
    ),
    _again(
        "sign another version under the id of others' agreement, to compare the two",
        "processing/test_retries.py::"
        "test_who_is_no_party_learns_nothing_by_another_version_under_the_id",
        "tearline_server.processing.handlers.agreements:_concerns",
        "True",
        code="TL-AGR-002",
    ),
    _again(
        "publish a member record again, to learn who published it first",
        "processing/handlers/test_members.py::test_who_published_a_newcomer_s_record_is_told_that_alone",
        "tearline_server.processing.process:_settled",
        "context.batch.known.statements.get(context.submitted.key)",
        code="TL-TRU-004",
    ),
    _again(
        "learn by a search whether another agency's statement exists",
        "audit/test_search.py::test_another_agency_s_statement_and_none_are_answered_alike",
        "tearline_server.storage.search_sql:_parts",
        "(['SELECT e.idx FROM event e WHERE e.idx > ?'], [search.after])",
        evidence="the search, in the log, by the pseudonym of its auditor",
    ),
)

TIMING = (
    _again(
        "measure refusals, to learn whether a packet exists",
        "processing/test_timing.py::test_a_refusal_takes_as_long_whether_the_id_exists_or_not",
        "tearline_server.storage.sqlite.packets:own_sizes",
        "{owned: 0 for owned in asked}",
    ),
)

LARGE = (
    _large(
        "send a grant whose delivery no message holds, to block a mailbox",
        "server/processing/handlers/test_packets.py::"
        "test_what_no_message_holds_is_refused_before_it_waits_for_anybody",
        "tearline_server.processing.handlers.packets:_verify_deliverable",
        code="TL-PKT-010",
    ),
    _large(
        "seal a megabyte into a grant",
        "server/processing/handlers/test_packets.py::test_a_grant_s_sealed_part_leaves_room_for_the_packet",
        "tearline.statements.channel:verify_sealed",
        code="TL-PKT-001",
    ),
    _large(
        "have sent, before it was refused, what no message holds",
        "server/delivery/test_mailboxes.py::"
        "test_an_item_from_before_that_no_message_holds_is_told_of_and_passed",
        "tearline_server.delivery.mailboxes:_fitting",
        "delivery",
    ),
)
