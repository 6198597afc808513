"""Around cases: filing from outside, leading another's case, and members who see too much."""

from attacks.attack import Attack

_REFUSED = "a signed refusal in the log"


def _attack(
    name: str,
    code: str,
    test: str,
    function: str,
    evidence: str,
    returns: str = "None",
    *,
    file: str = "test_cases",
) -> Attack:
    return Attack(
        name=name,
        code=code,
        evidence=evidence,
        function=function,
        test=f"tests/attacks/{file}.py::{test}",
        returns=returns,
    )


CASES = (
    Attack(
        name="invite partners to cases without end, to fill the memory of the exchange",
        code="TL-CAS-002",
        evidence=_REFUSED,
        function="tearline.cases.case:CaseBook._verify_room",
        test="tests/unit/proto/cases/test_case.py"
        "::test_an_agency_leads_so_many_memberships_whomever_it_invites",
        returns="None",
    ),
    _attack(
        "file a packet under a case from outside of it",
        "TL-CAS-001",
        "test_an_outsider_files_nothing",
        "tearline.cases.case:CaseBook.verify_may_file",
        _REFUSED,
    ),
    _attack(
        "file a packet for a member who must not see its sender",
        "TL-CAS-004",
        "test_a_packet_of_somebody_not_seen_in_the_case_is_told_of",
        "tearline_client.rules.cases:verify_filed",
        "the packet's id, put aside",
    ),
    _attack(
        "send under a case to a member whom the sender must not see",
        "TL-CAS-005",
        "test_members_who_must_not_see_each_other_do_not",
        "tearline_client.rules.cases:verify_filing",
        "nothing leaves the house",
    ),
    _attack(
        "show a member another from whom it is hidden",
        "",
        "test_members_who_must_not_see_each_other_do_not",
        "tearline.cases.case:CaseFile._is_hidden",
        "nothing: neither name nor number is told",
        "False",
    ),
    _attack(
        "lead a case that another agency leads",
        "TL-CAS-001",
        "test_nobody_leads_another_s_case[invited]",
        "tearline.cases.case:CaseBook.verify",
        _REFUSED,
    ),
    _attack(
        "lead a case that another agency leads, through an exchange that lets it by",
        "TL-CAS-001",
        "test_a_node_believes_no_second_lead_and_no_stranger[invited]",
        "tearline_client.rules.cases:verify_part",
        "the step, put aside at the node",
    ),
    _attack(
        "consent to a case as a stranger, or ask whether it exists",
        "TL-CAS-001",
        "test_a_stranger_s_consent_counts_for_nothing",
        "tearline.cases.case:CaseBook.verify",
        _REFUSED,
    ),
    _attack(
        "come back to a case that was left",
        "TL-CAS-002",
        "test_what_was_left_or_closed_stays_so",
        "tearline.cases.case:verify_step",
        _REFUSED,
    ),
    _attack(
        "give a case the title of a partner's, so that its packets go out under the title in clear",
        "TL-USE-007",
        "test_a_title_that_two_cases_bear_is_never_sent_in_clear",
        "tearline_client.features.cases.service:CaseService.reference",
        "nothing leaves the house",
        "name",
        file="test_cases_edges",
    ),
    _attack(
        "take back what another process of the same node says of an invitation",
        "TL-CAS-001",
        "test_an_objection_said_meanwhile_is_not_taken_back",
        "tearline_client.features.cases.service:CaseService._verify_invited",
        "nothing leaves the house",
        file="test_cases_beside",
    ),
    _attack(
        "appear in the timeline of a member who must not see one",
        "",
        "test_what_a_hidden_member_files_is_in_no_timeline",
        "tearline_client.features.cases.timeline:_was_seen",
        "the packet's id, put aside",
        "True",
        file="test_cases_edges",
    ),
    _attack(
        "have a step sealed to a key that ended delivered, for nobody to open",
        "TL-GRT-005",
        "test_what_was_sealed_to_a_key_that_ended_is_said_again[member]",
        "tearline_server.processing.handlers.channels:verify_sealed_to",
        "nothing: it is said again to the next key",
        file="test_cases_edges",
    ),
    _attack(
        "have an answer to an invitation lost with the key it was sealed to",
        "TL-GRT-005",
        "test_what_was_sealed_to_a_key_that_ended_is_said_again[member]",
        "tearline_client.store.cases:CaseStore.put_back",
        "nothing: it is said again to the next key",
        file="test_cases_edges",
    ),
    _attack(
        "have a filed packet disclosed to a partner outside of its case",
        "TL-CAS-005",
        "test_a_filed_packet_is_disclosed_to_nobody_outside_of_its_case",
        "tearline_client.rules.cases:verify_filing",
        "nothing leaves the house",
        file="test_cases_edges",
    ),
    _attack(
        "have a mistyped title of a case read by the exchange",
        "TL-CAS-006",
        "test_nothing_but_the_id_of_a_case_is_sent_in_clear",
        "tearline_client.features.cases.service:CaseService.reference",
        "nothing is sealed",
        "name",
        file="test_cases_edges",
    ),
)
