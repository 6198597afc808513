"""Partners that use what they were given otherwise than its originator allows."""

from attacks.attack import Attack

_KEPT = "nothing leaves the house; the refusal names the field and the packet"
_REFUSAL = "a refusal in the log, and a signed receipt of it"
_PUT_ASIDE = "the delivery as it came, put aside at the recipient"


def _attack(
    name: str,
    code: str,
    test: str,
    function: str,
    returns: str = "None",
    *,
    evidence: str,
    file: str = "test_onward",
) -> Attack:
    return Attack(
        name=name,
        code=code,
        evidence=evidence,
        function=function,
        test=f"tests/attacks/{file}.py::{test}",
        returns=returns,
    )


_SENDER = "tearline_client.onward:OnwardUse"
_EXCHANGE = "tearline_server.judging.onward"

ONWARD = (
    _attack(
        "copy a partner's value into a packet of one's own",
        "TL-POL-022",
        "test_a_copy_that_nobody_declared_is_found",
        f"{_SENDER}._verify_no_copy",
        evidence=_KEPT,
    ),
    _attack(
        "return a partner's value to it first, and then tell it as one's own word",
        "TL-POL-022",
        "test_a_value_that_was_returned_is_not_our_own_word",
        "tearline_client.store.values:ValueStore.is_own_word",
        "self._first(value, _Word.OWN) is not None",
        evidence=_KEPT,
        file="test_copies",
    ),
    _attack(
        "seal a partner's value in a field that nobody gets, and disclose it later",
        "TL-POL-022",
        "test_a_field_that_nobody_got_is_not_disclosed_later",
        "tearline_client.store.values:ValueStore.is_own_word",
        "self._first(value, _Word.OWN) is not None",
        evidence=_KEPT,
        file="test_copies",
    ),
    _attack(
        "copy a value that its originator has recalled",
        "TL-POL-022",
        "test_a_recall_does_not_make_a_copy_free",
        "tearline_client.store.values:ValueStore.told",
        "[]",
        evidence=_KEPT,
        file="test_copies",
    ),
    _attack(
        "write a value that a field withholds into a text as well",
        "TL-POL-030",
        "test_a_text_that_repeats_what_is_kept_back_is_not_sent",
        "tearline_client.planning.mentions:mentions_of",
        "()",
        evidence=_KEPT,
        file="test_mentions",
    ),
    _attack(
        "write a partner's value into a text",
        "TL-POL-030",
        "test_a_text_that_repeats_a_partner_s_value_is_not_sent",
        f"{_SENDER}._mentions_of_partners",
        "()",
        evidence=_KEPT,
        file="test_mentions",
    ),
    _attack(
        "disclose a text later that repeats a value which is kept back",
        "TL-POL-030",
        "test_a_text_that_is_disclosed_later_is_searched_anew",
        "tearline_client.desks.disclosure:Disclosure.verify_repeats",
        evidence=_KEPT,
        file="test_mentions",
    ),
    _attack(
        "disclose a text later that repeats a partner's value",
        "TL-POL-030",
        "test_a_text_that_is_disclosed_later_repeats_no_partner_s_value",
        f"{_SENDER}._mentions_of_partners",
        "()",
        evidence=_KEPT,
        file="test_mentions",
    ),
    _attack(
        "have a text passed on to a third party from whom its originator keeps a value back",
        "TL-POL-030",
        "test_a_text_that_is_passed_on_is_searched_for_the_third_party",
        "tearline_client.planning.mentions:verify_confirmed",
        evidence=_KEPT,
        file="test_mentions",
    ),
    _attack(
        "send on what was made from a partner's packet",
        "TL-POL-020",
        "test_a_derived_packet_is_not_sent_without_consent",
        "tearline.onward:verify_use",
        evidence=_KEPT,
    ),
    _attack(
        "go on by a consent that was withdrawn",
        "TL-POL-020",
        "test_a_consent_that_was_withdrawn_allows_nothing",
        "tearline.onward:decide",
        "Allow()",
        evidence=_KEPT,
    ),
    _attack(
        "use what was given for another purpose",
        "TL-POL-021",
        "test_another_purpose_needs_a_consent",
        "tearline.onward:verify_use",
        evidence=_KEPT,
    ),
    _attack(
        "claim more trust than the source does",
        "TL-POL-023",
        "test_a_draft_claims_no_more_trust_than_its_source",
        "tearline.onward:verify_evaluation_kept",
        evidence=_KEPT,
    ),
    _attack(
        "send on, from a patched node, what its recipient was not given",
        "TL-POL-020",
        "test_a_patched_node_sends_on_what_was_not_given_to_its_recipient",
        f"{_EXCHANGE}:verify_passed_on",
        evidence=_REFUSAL,
    ),
    _attack(
        "claim more trust, from a patched node",
        "TL-POL-023",
        "test_a_patched_node_claims_more_trust_than_its_source",
        f"{_EXCHANGE}:verify_sources",
        evidence=_REFUSAL,
    ),
    _attack(
        "name a source that was never given, to learn whether it exists",
        "TL-POL-024",
        "test_a_patched_node_names_what_it_was_never_given",
        f"{_EXCHANGE}:_sources",
        "()",
        evidence=_REFUSAL,
    ),
    _attack(
        "mark a value milder than its source does",
        "TL-POL-023",
        "test_a_value_of_a_source_that_is_marked_milder_is_refused",
        "tearline_client.border.deriving:verify_taken",
        evidence=_PUT_ASIDE,
    ),
    _attack(
        "ask about a packet that was not given",
        "TL-POL-025",
        "test_nobody_asks_for_what_was_not_given_to_them",
        "tearline_client.store.consents:ConsentStore._origin",
        "node",
        evidence=_PUT_ASIDE,
    ),
    _attack(
        "give what is another agency's to give",
        "TL-POL-025",
        "test_nobody_gives_what_is_not_theirs",
        "tearline.consent:verify_may_say",
        evidence=_PUT_ASIDE,
    ),
    _attack(
        "give what nobody asked for",
        "TL-POL-025",
        "test_an_originator_does_not_give_what_nobody_asked_for",
        "tearline.consent:verify_answers",
        evidence=_PUT_ASIDE,
    ),
    _attack(
        "have a step of a consent delivered that is sealed to a key that ended",
        "TL-GRT-005",
        "test_a_consent_that_was_given_is_not_lost_with_the_key",
        "tearline_server.judging.channels:verify_sealed_to",
        evidence="nothing: it is said again to the next key",
        file="test_returned_steps",
    ),
    _attack(
        "have a step of a consent lost with the key it was sealed to",
        "TL-GRT-005",
        "test_a_consent_that_was_given_is_not_lost_with_the_key",
        "tearline_client.store.consents:ConsentStore.put_back",
        evidence="nothing: it is said again to the next key",
        file="test_returned_steps",
    ),
)
