"""Around cases: filing from outside, leading another's case, and members who see too much."""

from attacks.attack import Attack, Rows

_REFUSED = "a signed refusal in the log"

_attack = Rows(tests="tests/attacks/test_cases.py::")

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
        "test_an_outsider_files_nothing",
        "tearline.cases.case:CaseBook.verify_may_file",
        code="TL-CAS-001",
        evidence=_REFUSED,
    ),
    _attack(
        "file a packet for a member who must not see its sender",
        "test_a_packet_of_somebody_not_seen_in_the_case_is_told_of",
        "tearline_client.rules.cases:verify_filed",
        code="TL-CAS-004",
        evidence="the packet's id, put aside",
    ),
    _attack(
        "send under a case to a member whom the sender must not see",
        "test_members_who_must_not_see_each_other_do_not",
        "tearline_client.rules.cases:verify_filing",
        code="TL-CAS-005",
        evidence="nothing leaves the house",
    ),
    _attack(
        "show a member another from whom it is hidden",
        "test_members_who_must_not_see_each_other_do_not",
        "tearline.cases.case:CaseFile._is_hidden",
        "False",
        evidence="nothing: neither name nor number is told",
    ),
    _attack(
        "lead a case that another agency leads",
        "test_nobody_leads_another_s_case[invited]",
        "tearline.cases.case:CaseBook.verify",
        code="TL-CAS-001",
        evidence=_REFUSED,
    ),
    _attack(
        "lead a case that another agency leads, through an exchange that lets it by",
        "test_a_node_believes_no_second_lead_and_no_stranger[invited]",
        "tearline_client.rules.cases:verify_part",
        code="TL-CAS-001",
        evidence="the step, put aside at the node",
    ),
    _attack(
        "consent to a case as a stranger, or ask whether it exists",
        "test_a_stranger_s_consent_counts_for_nothing",
        "tearline.cases.case:CaseBook.verify",
        code="TL-CAS-001",
        evidence=_REFUSED,
    ),
    _attack(
        "come back to a case that was left",
        "test_what_was_left_or_closed_stays_so",
        "tearline.cases.case:verify_step",
        code="TL-CAS-002",
        evidence=_REFUSED,
    ),
    _attack(
        "give a case the title of a partner's, so that its packets go out under the title in clear",
        "tests/attacks/test_cases_edges.py"
        "::test_a_title_that_two_cases_bear_is_never_sent_in_clear",
        "tearline_client.features.cases.service:CaseService.reference",
        "name",
        code="TL-USE-007",
        evidence="nothing leaves the house",
    ),
    _attack(
        "take back what another process of the same node says of an invitation",
        "tests/attacks/test_cases_beside.py::test_an_objection_said_meanwhile_is_not_taken_back",
        "tearline_client.features.cases.service:CaseService._verify_invited",
        code="TL-CAS-001",
        evidence="nothing leaves the house",
    ),
    _attack(
        "appear in the timeline of a member who must not see one",
        "tests/attacks/test_cases_edges.py::test_what_a_hidden_member_files_is_in_no_timeline",
        "tearline_client.features.cases.timeline:_was_seen",
        "True",
        evidence="the packet's id, put aside",
    ),
    _attack(
        "have a step sealed to a key that ended delivered, for nobody to open",
        "tests/attacks/test_cases_edges.py"
        "::test_what_was_sealed_to_a_key_that_ended_is_said_again[member]",
        "tearline_server.processing.handlers.channels:verify_sealed_to",
        code="TL-GRT-005",
        evidence="nothing: it is said again to the next key",
    ),
    _attack(
        "have an answer to an invitation lost with the key it was sealed to",
        "tests/attacks/test_cases_edges.py"
        "::test_what_was_sealed_to_a_key_that_ended_is_said_again[member]",
        "tearline_client.store.cases:CaseStore.put_back",
        code="TL-GRT-005",
        evidence="nothing: it is said again to the next key",
    ),
    _attack(
        "have a filed packet disclosed to a partner outside of its case",
        "tests/attacks/test_cases_edges.py"
        "::test_a_filed_packet_is_disclosed_to_nobody_outside_of_its_case",
        "tearline_client.rules.cases:verify_filing",
        code="TL-CAS-005",
        evidence="nothing leaves the house",
    ),
    _attack(
        "have a mistyped title of a case read by the exchange",
        "tests/attacks/test_cases_edges.py::test_nothing_but_the_id_of_a_case_is_sent_in_clear",
        "tearline_client.features.cases.service:CaseService.reference",
        "name",
        code="TL-CAS-006",
        evidence="nothing is sealed",
    ),
)
