"""Around proposals: terms changed on the way, signatures moved, parties invented or left out."""

from attacks.attack import Attack, Rows

_ASIDE = "the step, put aside at the node; where a node published it, the log's refusal"

_attack = Rows(tests="tests/attacks/test_proposals.py::", evidence=_ASIDE)

PROPOSALS = (
    _attack(
        "propose without end, until partners' nodes read nothing else",
        "test_of_one_agency_a_node_keeps_so_many_steps",
        "tearline_client.store.proposals:ProposalStore._make_room",
        code="TL-AGR-020",
    ),
    _attack(
        "change a term of a proposal on its way",
        "test_an_exchange_that_changes_a_term_is_caught",
        "tearline_client.inbox.verifier:_verify_event",
        code="TL-LOG-020",
    ),
    _attack(
        "change a term under the drafter's signature, and sign the result",
        "test_a_term_changed_inside_what_a_partner_signed_is_caught",
        "tearline.statements.statement:verify_inclusion",
        code="TL-PKT-003",
    ),
    _attack(
        "show a partner's signature under terms that it never saw",
        "test_a_signature_under_other_terms_is_caught",
        "tearline.statements.statement:verify_inclusion",
        code="TL-PKT-003",
    ),
    _attack(
        "propose an agreement that names a stranger",
        "test_a_proposal_that_names_a_stranger_is_refused",
        "tearline.agreements.proposal:verify_proposal",
        code="TL-AGR-020",
    ),
    _attack(
        "say something on what others propose to each other",
        "test_a_proposal_among_others_is_refused",
        "tearline.agreements.proposal:verify_proposal",
        code="TL-AGR-020",
    ),
    _attack(
        "sign a proposal in another's name",
        "test_nobody_speaks_for_another",
        "tearline.agreements.proposal:verify_proposal",
        code="TL-AGR-020",
    ),
    _attack(
        "amend an agreement without one of its parties",
        "test_an_amendment_that_drops_a_party_without_it_is_refused",
        "tearline.agreements.proposal:verify_amends",
        code="TL-AGR-002",
    ),
    _attack(
        "find out whether there is an agreement, by amending it",
        "test_an_agreement_of_others_and_none_are_refused_alike",
        "tearline_server.processing.handlers.proposals:_verify_follows",
        code="TL-AGR-002",
        evidence="the log's refusals",
    ),
)

OPENINGS = (
    Attack(
        name="show the sender another log than the recipient who opens by it",
        code="TL-LOG-040",
        evidence="the grant, which waits at the node, still sealed",
        function="tearline_client.features.packets.handler:_waits",
        test="tests/attacks/test_both_before_open.py"
        "::test_an_exchange_that_shows_the_sender_another_log_shows_nothing",
        returns="False",
    ),
    Attack(
        name="keep the sender's cosignature back, and pass on everybody else's",
        code="TL-LOG-040",
        evidence="the grant, which waits at the node, still sealed",
        function="tearline_client.context:NodeContext.both_cosigned",
        test="tests/attacks/test_both_before_open.py"
        "::test_its_own_cosignature_is_not_enough_nor_anybody_else_s",
        returns="True",
    ),
)
