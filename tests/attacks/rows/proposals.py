"""Around proposals: terms changed on the way, signatures moved, parties invented or left out."""

from attacks.attack import Attack

_ASIDE = "the step, put aside at the node; where a node published it, the log's refusal"


def _attack(name: str, code: str, test: str, function: str, evidence: str = _ASIDE) -> Attack:
    return Attack(
        name=name,
        code=code,
        evidence=evidence,
        function=function,
        test=f"tests/attacks/test_proposals.py::{test}",
    )


PROPOSALS = (
    _attack(
        "propose without end, until partners' nodes read nothing else",
        "TL-AGR-020",
        "test_of_one_agency_a_node_keeps_so_many_steps",
        "tearline_client.store.proposals:ProposalStore._make_room",
    ),
    _attack(
        "change a term of a proposal on its way",
        "TL-LOG-020",
        "test_an_exchange_that_changes_a_term_is_caught",
        "tearline_client.inbox.verifier:_verify_event",
    ),
    _attack(
        "change a term under the drafter's signature, and sign the result",
        "TL-PKT-003",
        "test_a_term_changed_inside_what_a_partner_signed_is_caught",
        "tearline.statements.statement:verify_inclusion",
    ),
    _attack(
        "show a partner's signature under terms that it never saw",
        "TL-PKT-003",
        "test_a_signature_under_other_terms_is_caught",
        "tearline.statements.statement:verify_inclusion",
    ),
    _attack(
        "propose an agreement that names a stranger",
        "TL-AGR-020",
        "test_a_proposal_that_names_a_stranger_is_refused",
        "tearline.agreements.proposal:verify_proposal",
    ),
    _attack(
        "say something on what others propose to each other",
        "TL-AGR-020",
        "test_a_proposal_among_others_is_refused",
        "tearline.agreements.proposal:verify_proposal",
    ),
    _attack(
        "sign a proposal in another's name",
        "TL-AGR-020",
        "test_nobody_speaks_for_another",
        "tearline.agreements.proposal:verify_proposal",
    ),
    _attack(
        "amend an agreement without one of its parties",
        "TL-AGR-002",
        "test_an_amendment_that_drops_a_party_without_it_is_refused",
        "tearline.agreements.proposal:verify_amends",
    ),
    _attack(
        "find out whether there is an agreement, by amending it",
        "TL-AGR-002",
        "test_an_agreement_of_others_and_none_are_refused_alike",
        "tearline_server.processing.handlers.proposals:_verify_follows",
        "the log's refusals",
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
