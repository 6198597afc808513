"""Proposals at a node: at its bound an agency's next step opens none of those that lie there."""

from dataclasses import replace
from pathlib import Path

import pytest

from support.agencies import (
    CN,
    DAY_MS,
    MX,
    NOW_MS,
    US,
    federation,
    signed_by,
    us_mx,
)
from tearline.agreements.agreement import Agreement
from tearline.agreements.proposal import OPEN, Proposal
from tearline.errors import ProposalRefused
from tearline.limits import MAX_PROPOSAL_STEPS
from tearline.statements.statement import StatementType
from tearline.wire.agreements import encode_agreement
from tearline.wire.proposals import encode_proposal
from tearline_client.store.agreements import AgreementStore
from tearline_client.store.database import Database
from tearline_client.store.proposals import ProposalStore
from tearline_client.store.vault import Vault

FED = federation()
TERMS = us_mx(FED.node(US).header, oversight=(CN,))
MEMBERS = FED.trust().members


class Node:
    """The store of a node, told of steps one by one."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / "node.db", Vault(bytes(32)))
        self.agreements = AgreementStore(self.database)
        self.proposals = ProposalStore(self.database, self.agreements)
        self.place = 0

    def hear(
        self,
        by: str,
        terms: Agreement,
        *,
        declined: bool = False,
        answer_by_ms: int = 0,
        at_ms: int = NOW_MS,
    ) -> None:
        """Keeps a step of an agency on terms that the drafter signed."""
        drafted = signed_by(StatementType.AGREEMENT, encode_agreement(terms), FED.node(US))
        signer = FED.node(by)
        proposal = Proposal(
            header=signer.header,
            statement=drafted.statement,
            attestations=drafted.attestations,
            declined=declined,
            in_reply_to=b"",
            answer_by_ms=answer_by_ms,
        )
        signed = signed_by(StatementType.PROPOSAL, encode_proposal(proposal), signer)
        self.place += 1
        self.proposals.put(signed, place=self.place, time_ms=at_ms, members=MEMBERS)

    def agree(self, terms: Agreement) -> None:
        """Stores terms as agreed on."""
        drafted = signed_by(StatementType.AGREEMENT, encode_agreement(terms), FED.node(US))
        self.agreements.put(drafted, entry=9, time_ms=NOW_MS)


def drafted(number: int) -> Agreement:
    return replace(TERMS, id=number.to_bytes(16), name=f"flood-{number}")


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_a_step_beyond_the_bound_opens_no_other_step(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(MAX_PROPOSAL_STEPS):
        node.hear(US, drafted(number))
    opened: list[bytes] = []
    unseal = node.database.vault.open

    def noted(place: bytes, sealed: bytes) -> bytes:
        opened.append(place)
        return unseal(place, sealed)

    monkeypatch.setattr(node.database.vault, "open", noted)
    with pytest.raises(ProposalRefused):
        node.hear(US, drafted(MAX_PROPOSAL_STEPS))
    assert opened == []


@pytest.mark.parametrize("closed", ["declined", "expired", "signed", "superseded", "agreed"])
def test_every_closed_state_makes_room(
    node: Node, closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the columns say of terms is what everything that was said of them does."""
    monkeypatch.setattr("tearline_client.store.proposals.MAX_PROPOSAL_STEPS", 2)
    first, later_ms = drafted(0), NOW_MS + DAY_MS
    node.hear(US, first, answer_by_ms=later_ms if closed == "expired" else 0)
    node.hear(US, drafted(1))
    with pytest.raises(ProposalRefused):
        node.hear(US, drafted(2), at_ms=later_ms - 1)
    node.hear(MX, first, declined=closed == "declined")
    if closed == "signed":
        with pytest.raises(ProposalRefused):  # the overseer has not
            node.hear(US, drafted(2))
        node.hear(CN, first)
    if closed == "superseded":
        node.agree(replace(first, version=2))
    if closed == "agreed":
        node.agree(first)
    offer = node.proposals.offers()[0]
    assert offer.agreement == first
    assert offer.state(later_ms) not in OPEN
    assert offer.state(later_ms).text == closed
    node.hear(US, drafted(2), at_ms=later_ms)
    left = [(o.agreement.name, o.steps[0].agency) for o in node.proposals.offers()]
    assert ("flood-0", US) not in left
    assert {"flood-1", "flood-2"} <= {name for name, _ in left}


def test_what_is_closed_is_found_in_the_indexes_alone(node: Node) -> None:
    """A row holds hundreds of kilobytes of terms, which no answer to this needs."""
    from tearline_client.store.proposals import _FORGET_CLOSED

    plan = [row[-1] for row in node.database.rows(f"EXPLAIN QUERY PLAN {_FORGET_CLOSED}", (US, 1))]
    assert "SEARCH p USING COVERING INDEX proposal_stance (terms=?)" in plan, plan
    assert not [step for step in plan if step.startswith("SCAN")], plan
