"""Lying partners: a patched node, alone, with a lying exchange, or only curious."""

from attacks.attack import Attack, Rows

_REFUSAL = "a refusal in the log, named to its sender; a signed receipt of it where it is believed"
_PUT_ASIDE = "the delivery as it came, put aside at the recipient"

_patched = Rows(tests="tests/attacks/test_patched_nodes.py::", evidence=_REFUSAL)

_coalition = Rows(tests="tests/attacks/test_coalitions.py::", evidence=_PUT_ASIDE)

_sealed = Rows(tests="tests/unit/proto/sealing/test_sealing.py::", evidence=_PUT_ASIDE)

_PACKETS = "tearline_server.processing.handlers.packets"
_OPEN = ("tearline.sealing.packets:open_packet", "View(fields=(), existences=())")

PATCHED = (
    Attack(
        name="flood a partner's quarantine with grants that do not open",
        code="TL-STO-005",
        evidence="the first deliveries as they came, and an alarm",
        function="tearline_client.store.inbox:InboxStore._has_room",
        test="tests/attacks/test_quarantine.py"
        "::test_a_flood_of_grants_that_do_not_open_stops_nothing",
        returns="True",
    ),
    Attack(
        name="fill a packet with mislabelled fields",
        code="TL-POL-002",
        evidence="one record of it at the recipient",
        function="tearline_client.features.packets.handler:_summary",
        test="tests/attacks/test_quarantine.py"
        "::test_a_packet_of_mislabelled_fields_is_put_aside_once",
        returns="CaseUnfiled()",
    ),
    Attack(
        name="spoil one thing that a partner's node does by itself",
        code="TL-AGR-001",
        evidence="an alarm at that node, once",
        function="tearline_client.jobs:ends_round",
        test="tests/attacks/test_chores.py"
        "::test_a_request_that_cannot_be_computed_holds_up_no_other",
        returns="True",
    ),
    Attack(
        name="have a packet wait for a cosignature that contradicts what is there",
        code="TL-PKT-034",
        evidence=_PUT_ASIDE,
        function="tearline_client.inbox.receiver:Receiver._open",
        test="tests/attacks/test_chores.py"
        "::test_a_packet_that_waits_and_contradicts_what_is_here_is_put_aside",
        returns="False",
    ),
    _patched(
        "grant beyond the agreement",
        "test_a_grant_beyond_the_agreement_is_refused",
        "tearline.policy.release:ReleasePolicy.verify",
        "self.decide(request)",
        code="TL-POL-009",
    ),
    _patched(
        "mark a compartment anew for the exchange",
        "test_a_compartment_is_not_marked_anew_for_the_exchange",
        "tearline.packets.commitments:verify_opening",
        code="TL-PKT-006",
    ),
    _patched(
        "publish a ciphertext that was not signed",
        "test_a_ciphertext_that_was_not_signed_is_refused",
        "tearline.packets.ciphertexts:verify_ciphertexts",
        code="TL-PKT-006",
    ),
    _patched(
        "publish a packet without a ciphertext",
        "test_a_packet_without_a_ciphertext_is_refused",
        f"{_PACKETS}:_verify_ciphertexts",
        code="TL-PKT-007",
    ),
    Attack(
        name="grant onward what was received, while its originator names it",
        code="TL-GRT-002",
        evidence=_REFUSAL,
        function=f"{_PACKETS}:_verify_originator",
        test="tests/unit/server/processing/test_lookups.py::"
        "test_what_its_originator_names_in_the_same_batch_is_not_others_to_grant",
    ),
    _patched(
        "seal to a key that is not the recipient's",
        "test_a_grant_to_a_key_that_is_not_the_recipient_s_is_refused",
        "tearline_server.processing.handlers.channels:verify_sealed_to",
        code="TL-GRT-005",
    ),
    _patched(
        "use an identifier for something else",
        "test_an_identifier_is_not_used_for_something_else",
        "tearline_server.processing.process:_verify_free",
        code="TL-PKT-011",
    ),
    _patched(
        "publish for another node",
        "test_a_node_does_not_publish_for_another",
        "tearline_server.processing.authorship:verify_publisher",
        code="TL-TLS-006",
    ),
    _patched(
        "publish under a zero signature",
        "test_a_zero_signature_is_not_accepted",
        "tearline_server.processing.authorship:_verify_signature",
        code="TL-KEY-002",
    ),
    _patched(
        "publish by a key that the same batch revokes",
        "tests/unit/server/processing/test_authorship.py"
        "::test_a_key_that_is_revoked_in_the_same_batch_signs_nothing_behind_it",
        "tearline_server.processing.authorship:_verify_keys",
        code="TL-TRU-002",
    ),
    _patched(
        "void a place that is taken",
        "test_a_void_does_not_take_a_place_that_is_taken",
        "tearline_server.processing.handlers.channels:next_place",
        "Place(context=context, address=address, size=size)",
        code="TL-PKT-011",
    ),
    _patched(
        "void without an agreement",
        "test_a_void_needs_an_agreement",
        "tearline_server.processing.handlers.channels:_verify_neighbours",
        code="TL-AGR-001",
    ),
    _patched(
        "withdraw a grant of somebody else",
        "test_a_void_does_not_withdraw_what_somebody_else_sent",
        "tearline_server.processing.handlers.channels:_waiting",
        "context.batch.known.mail[void.address.recipient, void.withdraws]",
        code="TL-REQ-006",
    ),
    _patched(
        "withdraw a grant that was handed out",
        "test_a_void_does_not_withdraw_what_was_handed_out",
        "tearline_server.processing.handlers.channels:_verify_not_handed_out",
        code="TL-GRT-010",
    ),
    _patched(
        "withdraw a grant a second time",
        "test_a_void_withdraws_once",
        "tearline_server.processing.handlers.channels:_waiting",
        "context.batch.known.mail.get((void.address.recipient, void.withdraws)) or Delivered("
        "seq=2, statement=0, sender='', type=7, packet=None, agreement=b'', delivered=False,"
        " held=False, status=None, passed=False)",
        code="TL-REQ-006",
    ),
    _patched(
        "take a receipt back",
        "test_a_recipient_does_not_take_back_what_it_said",
        "tearline.statements.receipt:verify_forward",
        code="TL-MBX-004",
    ),
)

COALITIONS = (
    _coalition(
        "mislabel a field",
        "test_a_mislabelled_field_is_kept_from_use",
        "tearline.policy.profile:verify_category",
        code="TL-POL-002",
    ),
    _coalition(
        "show a generalised form that does not follow from the clear one",
        "test_a_generalised_form_must_follow_from_the_clear_one",
        "tearline.policy.masks:verify_generalised",
        code="TL-POL-006",
    ),
    Attack(
        name="narrow the bands of both legs of a transfer by the rate of the day",
        code="",
        evidence="one leg alone has a band; the other is told to exist",
        function="tearline_client.planning.generalised_fields:generalised_fields",
        test="tests/property/test_generalised.py::test_two_legs_at_a_known_rate_leave_one_band",
        returns="tuple(each for each in map(coarse_field, wanted) if each is not None)",
    ),
    Attack(
        name="narrow two days by the delay that is usual between them",
        code="",
        evidence="one day alone has a month; the other is told to exist",
        function="tearline_client.planning.generalised_fields:_place",
        test="tests/property/test_generalised.py::test_two_days_of_one_entity_tell_one_month",
        returns="((field.path,), ())",
    ),
    Attack(
        name="narrow two amounts of one field, of which one is the other, converted",
        code="",
        evidence="the field is told to exist",
        function="tearline.policy.masks:_is_one",
        test="tests/unit/proto/policy/test_masks.py"
        "::test_two_values_of_one_field_that_may_be_one_said_twice_tell_none",
        returns="True",
    ),
    Attack(
        name="send an investigation to a wrong place, by a name that several places have",
        code="",
        evidence="the field is told to exist",
        function="tearline.policy.places:region_of",
        test="tests/unit/proto/policy/test_places.py"
        "::test_a_name_that_several_places_have_tells_none",
        returns="COUNTRIES.get(plain_name(value)) or REGIONS.get(plain_name(value))",
    ),
    Attack(
        name="read a name off its mask, where one character or letter is a word of it",
        code="",
        evidence="the field is told to exist",
        function="tearline.policy.reference_data:is_syllabic",
        test="tests/unit/proto/policy/test_masks.py"
        "::test_one_character_of_a_person_is_told_however_the_name_is_divided",
        returns="False",
    ),
    Attack(
        name="read a name off a field that should hold a code",
        code="",
        evidence="the field is told to exist",
        function="tearline.policy.masks:_known",
        test="tests/unit/proto/policy/test_masks.py::test_a_name_in_the_place_of_a_code_does_not_pass",
        returns="value",
    ),
    _coalition(
        "claim another marking of a field than it bears, and release it alone",
        "test_a_field_released_alone_is_judged_by_its_own_marking",
        "tearline_client.features.packets.handler:_verify_given",
        code="TL-POL-009",
    ),
    _coalition(
        "give more than agreed, past an exchange that lets it pass",
        "test_an_exchange_that_lets_more_pass_does_not_get_it_past_the_recipient",
        "tearline_client.features.packets.handler:_verify_given",
        code="TL-POL-009",
    ),
    _coalition(
        "log a grant otherwise than it is",
        "test_an_entry_that_tells_of_a_grant_otherwise_is_refused",
        "tearline_client.features.packets.handler:_verify_account",
        code="TL-LOG-020",
    ),
    _coalition(
        "forward surreptitiously",
        "test_a_packet_shown_onward_is_refused",
        "tearline_client.features.packets.handler:_verify_originator",
        code="TL-GRT-002",
    ),
    _coalition(
        "take one place twice",
        "test_two_statements_do_not_take_one_place",
        "tearline.statements.channel:Incoming.receive",
        code="TL-MBX-002",
    ),
    _coalition(
        "void what arrived",
        "test_a_void_does_not_replace_what_arrived",
        "tearline.statements.channel:Incoming.receive",
        code="TL-MBX-002",
    ),
    _coalition(
        "bring an agreement in force that we did not sign",
        "test_an_agreement_that_we_did_not_sign_is_refused",
        "tearline.agreements.agreement:verify_parties_signed",
        code="TL-AGR-001",
    ),
    _coalition(
        "give a receipt for another's grant",
        "test_a_receipt_counts_only_from_the_grant_s_recipient",
        "tearline_client.features.channels.handler:_store_receipt",
        code="TL-GRT-001",
    ),
    _sealed(
        "mark a compartment anew",
        "test_a_compartment_cannot_be_marked_anew",
        *_OPEN,
        code="TL-PKT-006",
    ),
    _sealed(
        "mark a field otherwise than its compartment",
        "test_a_field_bears_its_compartment_s_marking",
        *_OPEN,
        code="TL-PKT-006",
    ),
    _sealed(
        "put one slot into two compartments",
        "test_two_compartments_do_not_hold_one_slot",
        *_OPEN,
        code="TL-PKT-006",
    ),
    _sealed(
        "release a compartment under another key, to accuse the exchange of its ciphertexts",
        "tests/unit/proto/sealing/test_delivered.py"
        "::test_a_grantor_s_false_key_is_no_fault_of_the_ciphertexts",
        "tearline.packets.commitments:verify_opening",
        code="TL-PKT-006",
    ),
    _sealed(
        "seal a ciphertext that does not open, and leave it to the exchange",
        "tests/unit/proto/sealing/test_delivered.py"
        "::test_an_originator_that_seals_what_does_not_open_is_convicted_by_the_path",
        "tearline.sealing.slots:open_slots",
        "{}",
        code="TL-PKT-008",
    ),
    _sealed(
        "give two slots one commitment",
        "tests/unit/proto/packets/test_packet.py::test_an_impossible_manifest_cannot_be_made",
        "tearline.packets.packet:Manifest.__post_init__",
        code="TL-PKT-001",
    ),
    _sealed(
        "release more than the grant lists",
        "test_a_grantor_that_releases_more_than_it_lists_is_caught",
        "tearline.sealing.recipients:_verify_listed",
        code="TL-GRT-004",
    ),
)

PROBES = (
    Attack(
        name="read ciphertexts that were not granted",
        code="",
        evidence="none is needed: they do not reach the house",
        function="tearline.sealing.packets:granted_slots",
        test="tests/attacks/test_canaries.py::test_nothing_reaches_a_house_that_was_not_granted",
        returns="set(range(len(manifest.slots)))",
    ),
    _patched(
        "ask by a void whether an agreement exists",
        "test_a_void_does_not_tell_whether_an_agreement_exists",
        "tearline_server.processing.registry:Registry.agreement_of",
        "next(iter(self.agreements.values()))",
        code="TL-AGR-001",
    ),
    _patched(
        "ask by a receipt whether a grant exists",
        "test_a_receipt_does_not_tell_whether_a_grant_exists",
        "tearline_server.processing.handlers.receipts:accept_receipt",
        code="TL-REQ-006",
    ),
    Attack(
        name="fill several mailboxes, to have a sender ask again without a pause",
        code="TL-REQ-009",
        evidence="the longest of the times that the sender was told, in its status",
        function="tearline_client.outbox.backpressure:BlockedChannels.note_busy",
        test="tests/unit/client/outbox/test_backpressure.py::test_the_longest_wait_counts_when_several_are_busy",
    ),
)
