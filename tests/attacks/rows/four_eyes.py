"""Who releases alone what takes two persons."""

from attacks.attack import Attack, Rows

_REFUSAL = "a refusal in the log, named to its sender"
_PUT_ASIDE = "the delivery as it came, put aside at the recipient"
_NONE = "nothing is sealed"

_alone = Rows(tests="tests/attacks/test_four_eyes.py::test_", evidence=_REFUSAL)

FOUR_EYES = (
    _alone(
        "release alone where the article asks for two persons",
        "a_release_by_one_person_is_refused",
        "tearline_server.processing.handlers.packets:_verify_persons",
        code="TL-POL-011",
    ),
    _alone(
        "reject a release without a trace",
        "what_is_rejected_is_gone",
        "tearline_client.access_log.access_log:AccessLog.record",
        evidence="the entry access-discarded, with person and draft",
    ),
    _alone(
        "name one person for both",
        "one_person_does_not_pass_for_two",
        "tearline.persons.four_eyes:verify_two",
        code="TL-POL-011",
    ),
    _alone(
        "release alone, past an exchange that lets it pass",
        "an_exchange_that_lets_it_pass_does_not_get_it_past_the_recipient",
        "tearline.persons.four_eyes:verify_persons",
        code="TL-POL-011",
        evidence=_PUT_ASIDE,
    ),
    _alone(
        "have the own node seal for one person",
        "the_own_node_seals_nothing_for_one_person",
        "tearline_client.features.packets.service:_verify_behind",
        code="TL-POL-011",
        evidence=_NONE,
    ),
    _alone(
        "answer a request alone where the article asks for two persons",
        "tests/attacks/test_four_eyes_answers.py::test_an_answer_by_one_person_is_refused",
        "tearline_server.processing.handlers.packets:_verify_persons",
        code="TL-POL-011",
    ),
    _alone(
        "confirm one's own answer, past the desk where it waits",
        "tests/attacks/test_four_eyes_answers.py"
        "::test_one_person_does_not_pass_for_both_of_an_answer",
        "tearline.persons.four_eyes:verify_two",
        code="TL-POL-011",
        evidence=_NONE,
    ),
    _alone(
        "confirm one answer by what was seen of another",
        "tests/attacks/test_four_eyes_answers.py::test_a_look_at_one_answer_approves_no_other",
        "tearline_client.features.packets.review:Review.verify_agreed",
        code="TL-POL-014",
        evidence=_NONE,
    ),
    _alone(
        "have an answer confirmed that the policies make another one",
        "tests/attacks/test_four_eyes_answers.py"
        "::test_what_the_policies_changed_meanwhile_is_agreed_to_first",
        "tearline_client.features.packets.review:Review.verify_agreed",
        code="TL-POL-014",
        evidence=_NONE,
    ),
    _alone(
        "have the own node give a consent for one person",
        "tests/attacks/test_four_eyes_answers.py::test_the_own_node_gives_nothing_by_one_person",
        "tearline_client.features.consents.service:ConsentService._verify_behind",
        code="TL-POL-011",
        evidence="nothing is signed",
    ),
    _alone(
        "give a consent alone where the article asks for two persons",
        "tests/attacks/test_four_eyes_answers.py::test_a_consent_by_one_person_is_refused",
        "tearline_server.processing.handlers.consents:_verify_persons",
        code="TL-POL-011",
    ),
    _alone(
        "give a consent alone, past an exchange that lets it pass",
        "tests/attacks/test_four_eyes_answers.py"
        "::test_a_consent_by_one_person_does_not_count_past_a_lenient_exchange",
        "tearline_client.features.consents.handler:_verify_persons",
        code="TL-POL-011",
        evidence=_PUT_ASIDE,
    ),
    Attack(
        name="approve what a person drafted who was disabled since",
        code="TL-POL-027",
        evidence=_NONE,
        function="tearline_client.persons.actors:Actors.may_act",
        test="tests/attacks/test_deciding_persons.py"
        "::test_what_a_disabled_person_drafted_is_not_approved",
        returns="True",
    ),
    Attack(
        name="approve what was drafted long ago",
        code="TL-POL-028",
        evidence=_NONE,
        function="tearline_client.context:NodeContext.has_ended",
        test="tests/attacks/test_deciding_persons.py::test_a_draft_ends",
        returns="False",
    ),
    Attack(
        name="disclose past the agency's own policies with nobody logged in",
        code="TL-TLS-009",
        evidence=_NONE,
        function="tearline_client.features.packets.disclosure:Disclosure.verify_decided",
        test="tests/attacks/test_deciding_persons.py"
        "::test_nobody_passes_our_own_policies_without_a_person",
    ),
    Attack(
        name="act unnamed while several persons are logged in",
        code="TL-TLS-011",
        evidence="nothing is done",
        function="tearline_client.persons.records:choose_session",
        test="tests/attacks/test_deciding_persons.py::test_of_several_persons_none_acts_unnamed",
        returns="sessions[0]",
    ),
)
