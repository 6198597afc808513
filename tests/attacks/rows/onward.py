"""Partners that use what they were given otherwise than its originator allows."""

from attacks.attack import Rows

_KEPT = "nothing leaves the house; the refusal names the field and the packet"
_REFUSAL = "a refusal in the log, and a signed receipt of it"
_PUT_ASIDE = "the delivery as it came, put aside at the recipient"

_attack = Rows(tests="tests/attacks/test_onward.py::")

_SENDER = "tearline_client.features.packets.onward_use:OnwardUse"
_EXCHANGE = "tearline_server.processing.handlers.onward"

ONWARD = (
    _attack(
        "copy a partner's value into a packet of one's own",
        "test_a_copy_that_nobody_declared_is_found",
        f"{_SENDER}._verify_no_copy",
        code="TL-POL-022",
        evidence=_KEPT,
    ),
    _attack(
        "return a partner's value to it first, and then tell it as one's own word",
        "tests/attacks/test_copies.py::test_a_value_that_was_returned_is_not_our_own_word",
        "tearline_client.store.value_index:ValueStore.is_own_word",
        "self._first(value, _Word.OWN) is not None",
        code="TL-POL-022",
        evidence=_KEPT,
    ),
    _attack(
        "seal a partner's value in a field that nobody gets, and disclose it later",
        "tests/attacks/test_copies.py::test_a_field_that_nobody_got_is_not_disclosed_later",
        "tearline_client.store.value_index:ValueStore.is_own_word",
        "self._first(value, _Word.OWN) is not None",
        code="TL-POL-022",
        evidence=_KEPT,
    ),
    _attack(
        "copy a value that its originator has recalled",
        "tests/attacks/test_copies.py::test_a_recall_does_not_make_a_copy_free",
        "tearline_client.store.value_index:ValueStore.told",
        "[]",
        code="TL-POL-022",
        evidence=_KEPT,
    ),
    _attack(
        "write a value that a field withholds into a text as well",
        "tests/attacks/test_mentions.py::test_a_text_that_repeats_what_is_kept_back_is_not_sent",
        "tearline_client.planning.mentions:mentions_of",
        "()",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "undo the hash in an id, or read an id that a person wrote",
        "tests/attacks/test_local_ids.py"
        "::test_no_id_of_ours_is_readable_elsewhere_and_all_are_here",
        "tearline.policy.profile:property_category",
        "'reference'",
        code="",
        evidence="the reader has the entity's token alone",
    ),
    _attack(
        "join an entity's packets of two agreements",
        "tests/attacks/test_local_ids.py"
        "::test_later_packets_join_at_the_reader_and_agreements_do_not",
        "tearline_client.planning.entities:entity_token",
        "hashlib.sha256(ftm_id.encode()).hexdigest()[:32]",
        code="",
        evidence="the entity's tokens differ",
    ),
    _attack(
        "pass a partner's token on to a third agency",
        "tests/attacks/test_local_ids.py::test_tokens_of_a_partner_are_not_passed_on",
        "tearline_client.planning.entities:entity_token",
        "ftm_id.removeprefix('token-')",
        code="",
        evidence="the third agency has a token of the sender's own",
    ),
    _attack(
        "release ids that no article shares, from a patched node",
        "tests/attacks/test_local_ids.py::test_a_patched_node_releases_no_id",
        "tearline.policy.release:ReleasePolicy.verify",
        code="TL-POL-009",
        evidence=_REFUSAL,
    ),
    _attack(
        "release an id, marked as a reference",
        "tests/attacks/test_local_ids.py::test_an_id_that_is_marked_as_less_is_not_shown",
        "tearline.policy.profile:verify_category",
        code="TL-POL-002",
        evidence="the field is not shown, and the finding is kept beside its packet",
    ),
    _attack(
        "write an id into a text",
        "tests/attacks/test_local_ids.py::test_a_text_that_repeats_an_id_is_asked_about",
        "tearline_client.planning.mentions:mentions_of",
        "()",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "correct a guarded value into another path",
        "tests/attacks/test_guards.py::test_a_guard_follows_its_value_to_another_path",
        "tearline_client.features.packets.guards:guarded",
        "draft",
        code="",
        evidence="the value stays guarded",
    ),
    _attack(
        "correct a guarded field, and leave its guard behind",
        "tests/attacks/test_guards.py::test_a_guarded_field_without_a_successor_is_asked_about",
        "tearline_client.features.packets.guards:mentions_of_followed",
        "()",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "write a value that a packet withholds into its correction",
        "tests/attacks/test_guards.py::test_a_text_repeats_no_value_of_what_it_corrects",
        "tearline_client.features.packets.guards:mentions_of_followed",
        "()",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "write a partner's value into a text",
        "tests/attacks/test_mentions.py::test_a_text_that_repeats_a_partner_s_value_is_not_sent",
        f"{_SENDER}._mentions_of_partners",
        "()",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "write a partner's value beside a request",
        "tests/attacks/test_mentions.py::test_the_words_of_a_step_repeat_no_partner_s_value",
        "tearline_client.features.packets.free_text:FreeText.verify",
        "False",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "write beside an answer what it keeps back",
        "tests/attacks/test_mentions.py"
        "::test_the_words_of_an_answer_repeat_nothing_that_the_answer_keeps_back",
        "tearline_client.features.packets.free_text:FreeText.verify",
        "False",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "write beside a consent what its reader lacks",
        "tests/attacks/test_mentions.py"
        "::test_the_note_of_a_consent_repeats_nothing_that_its_reader_lacks",
        "tearline_client.features.packets.free_text:FreeText.verify",
        "False",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "write a partner's value into the title of a case",
        "tests/attacks/test_mentions.py::test_the_title_of_a_case_repeats_no_partner_s_value",
        "tearline_client.features.packets.free_text:FreeText.verify",
        "False",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "write a value into the reason of an order to erase",
        "tests/attacks/test_mentions.py"
        "::test_the_reason_of_an_order_to_erase_repeats_no_value_of_what_it_erases",
        "tearline_client.features.packets.free_text:FreeText.verify_open",
        "False",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "write a partner's value into the reason of a revocation",
        "tests/attacks/test_mentions.py"
        "::test_the_reason_of_a_revocation_repeats_no_partner_s_value",
        "tearline_client.features.packets.free_text:FreeText.verify_open",
        "False",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "disclose a text later that repeats a value which is kept back",
        "tests/attacks/test_mentions.py::test_a_text_that_is_disclosed_later_is_searched_anew",
        "tearline_client.features.packets.disclosure:Disclosure.verify_repeats",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "disclose a text later that repeats a partner's value",
        "tests/attacks/test_mentions.py"
        "::test_a_text_that_is_disclosed_later_repeats_no_partner_s_value",
        f"{_SENDER}._mentions_of_partners",
        "()",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "have a text passed on to a third party from whom its originator keeps a value back",
        "tests/attacks/test_mentions.py"
        "::test_a_text_that_is_passed_on_is_searched_for_the_third_party",
        "tearline_client.planning.mentions:verify_confirmed",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "write a partner's account number as it is printed",
        "tests/attacks/test_mentions.py::test_a_partner_s_account_is_found_as_it_is_printed",
        "tearline_client.planning.printed_forms:printed_numbers",
        "iter(())",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "begin a text like a reference",
        "tests/attacks/test_mentions.py::test_a_text_that_looks_like_a_reference_is_searched",
        "tearline_client.planning.mentions:texts_of",
        "()",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "write a partner's value into the scope of a consent",
        "tests/attacks/test_mentions.py"
        "::test_the_scope_of_a_consent_repeats_nothing_that_its_reader_lacks",
        "tearline_client.features.packets.free_text:FreeText.verify",
        "False",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "write a partner's value into the reason to leave",
        "tests/attacks/test_mentions.py::test_the_reason_to_leave_repeats_no_partner_s_value",
        "tearline_client.features.packets.free_text:FreeText.verify_open",
        "False",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "write a value that a field withholds into a document",
        "tests/attacks/test_mentions.py"
        "::test_a_document_that_repeats_what_is_kept_back_is_not_sent",
        "tearline_client.planning.mentions:mentions_of",
        "()",
        code="TL-POL-030",
        evidence=_KEPT,
    ),
    _attack(
        "send a picture of a value that a field withholds",
        "tests/attacks/test_mentions.py"
        "::test_a_document_that_cannot_be_searched_is_not_sent_without_a_reason",
        "tearline_client.planning.mentions:gaps_of",
        "()",
        code="TL-POL-031",
        evidence=_KEPT,
    ),
    _attack(
        "send on what was made from a partner's packet",
        "test_a_derived_packet_is_not_sent_without_consent",
        "tearline.onward.use:verify_use",
        code="TL-POL-020",
        evidence=_KEPT,
    ),
    _attack(
        "go on by a consent that was withdrawn",
        "test_a_consent_that_was_withdrawn_allows_nothing",
        "tearline.onward.use:decide",
        "Allow()",
        code="TL-POL-020",
        evidence=_KEPT,
    ),
    _attack(
        "use what was given for another purpose",
        "test_another_purpose_needs_a_consent",
        "tearline.onward.use:verify_use",
        code="TL-POL-021",
        evidence=_KEPT,
    ),
    _attack(
        "claim more trust than the source does",
        "test_a_draft_claims_no_more_trust_than_its_source",
        "tearline.onward.use:verify_evaluation_kept",
        code="TL-POL-023",
        evidence=_KEPT,
    ),
    _attack(
        "send on, from a patched node, what its recipient was not given",
        "test_a_patched_node_sends_on_what_was_not_given_to_its_recipient",
        f"{_EXCHANGE}:verify_passed_on",
        code="TL-POL-020",
        evidence=_REFUSAL,
    ),
    _attack(
        "claim more trust, from a patched node",
        "test_a_patched_node_claims_more_trust_than_its_source",
        f"{_EXCHANGE}:verify_sources",
        code="TL-POL-023",
        evidence=_REFUSAL,
    ),
    _attack(
        "name a source that was never given, to learn whether it exists",
        "test_a_patched_node_names_what_it_was_never_given",
        f"{_EXCHANGE}:_sources",
        "()",
        code="TL-POL-024",
        evidence=_REFUSAL,
    ),
    _attack(
        "mark a value milder than its source does",
        "test_a_value_of_a_source_that_is_marked_milder_is_refused",
        "tearline_client.rules.onward_sources:verify_taken",
        code="TL-POL-023",
        evidence=_PUT_ASIDE,
    ),
    _attack(
        "ask about a packet that was not given",
        "test_nobody_asks_for_what_was_not_given_to_them",
        "tearline_client.store.consents:ConsentStore._origin",
        "node",
        code="TL-POL-025",
        evidence=_PUT_ASIDE,
    ),
    _attack(
        "give what is another agency's to give",
        "test_nobody_gives_what_is_not_theirs",
        "tearline.onward.consent:verify_may_say",
        code="TL-POL-025",
        evidence=_PUT_ASIDE,
    ),
    _attack(
        "give what nobody asked for",
        "test_an_originator_does_not_give_what_nobody_asked_for",
        "tearline.onward.consent:verify_answers",
        code="TL-POL-025",
        evidence=_PUT_ASIDE,
    ),
    _attack(
        "have a step of a consent delivered that is sealed to a key that ended",
        "tests/attacks/test_returned_steps.py"
        "::test_a_consent_that_was_given_is_not_lost_with_the_key",
        "tearline_server.processing.handlers.channels:verify_sealed_to",
        code="TL-GRT-005",
        evidence="nothing: it is said again to the next key",
    ),
    _attack(
        "have a step of a consent lost with the key it was sealed to",
        "tests/attacks/test_returned_steps.py"
        "::test_a_consent_that_was_given_is_not_lost_with_the_key",
        "tearline_client.store.consents:ConsentStore.put_back",
        code="TL-GRT-005",
        evidence="nothing: it is said again to the next key",
    ),
)
