"""Proposals at a node: sent to every party, signed, countered, or declined.

A signature is final: any holder of all signatures may put the agreement in force, and every node
that sees them complete does so. The exchange accepts the first complete agreement.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from tearline.agreements.agreement import Agreement, verify_pins, verify_signable
from tearline.agreements.proposal import Offer, Proposal, ProposalState, verify_amends
from tearline.errors import (
    AgreementMalformed,
    AgreementNotInForce,
    NameAmbiguous,
    NotFound,
    ProposalClosed,
)
from tearline.statements.statement import StatementType
from tearline.text.choices import ID_SHOWN, matched, one_of
from tearline.wire.agreements import encode_agreement
from tearline.wire.proposals import encode_proposal, parse_proposal
from tearline.wire.statements import Signed, merge_signed, signed
from tearline_client.access_log.access_log import AccessLog
from tearline_client.context import NodeContext
from tearline_client.planning.agreement_file import DAY_MS, parse_agreement_file

DEFAULT_ANSWER_MS = 30 * DAY_MS
Publish = Callable[[Signed], Awaitable[None]]


class ProposalService:
    """The node's service for proposals.

    Args:
        context: The node.
        publish: Sends a statement, and raises the exchange's refusal.
        access: The node's own access log: no statement names the person of a step.
    """

    def __init__(self, context: NodeContext, publish: Publish, access: AccessLog) -> None:
        self._context = context
        self._access = access
        self._publish = publish

    # Reading.

    def offers(self) -> tuple[Offer, ...]:
        """Returns all proposals to this agency, in the order of the log."""
        return self._context.stores.proposals.offers()

    def find(self, name: str) -> Offer:
        """Returns the proposal with that beginning of an id, or the one open proposal of that name.

        Raises:
            NotFound: If there is none; lists the nearest name of an open one.
            NameAmbiguous: If there are several; lists their ids.
        """
        offers = self.offers()
        found = [offer for offer in offers if name and offer.terms.hex().startswith(name.lower())]
        still_open = [] if found else [offer for offer in offers if self.is_open(offer)]
        found = found or [offer for offer in still_open if offer.agreement.name == name]
        if not found:
            names = dict.fromkeys(offer.agreement.name for offer in still_open)
            raise NotFound(one_of(name, "open proposal", names))
        if len(found) > 1:
            ids = (f"{each.terms.hex()[:ID_SHOWN]} ({each.agreement.name})" for each in found)
            raise NameAmbiguous(matched(name, "name or id", ids))
        return found[0]

    def offer(self, terms: bytes) -> Offer:
        """Returns the proposal with one id.

        Raises:
            NotFound: If there is none.
        """
        return self._context.stores.proposals.offer(terms)

    def state_of(self, offer: Offer) -> ProposalState:
        """Returns a proposal's state, at the log's time as read here."""
        return offer.state(self._log_ms())

    def is_open(self, offer: Offer) -> bool:
        """Returns whether an answer can still have an effect."""
        return self.state_of(offer) in (ProposalState.PROPOSED, ProposalState.COUNTERED)

    def replaced_by(self, offer: Offer) -> Agreement | None:
        """Returns the agreement that the terms would replace, or replaced; None for a new one."""
        versions = [
            each
            for each in self._context.stores.agreements.all()
            if each.id == offer.agreement.id and each.version < offer.agreement.version
        ]
        return versions[-1] if versions else None

    # Drafting, without sending.

    def draft(self, text: str) -> Agreement:
        """Returns the first version of an agreement, from its TOML file.

        Raises:
            AgreementEnded: If its validity has ended.
            AgreementMalformed: If the file is malformed; names the place.
        """
        agreement = parse_agreement_file(
            text,
            members=self._context.trust.members,
            pins=self._context.policies.pins,
            header=self._context.signer.header,
        )
        verify_signable(agreement, self._context.now_ms())
        return agreement

    def draft_amendment(self, name: str, text: str) -> Agreement:
        """Returns the next version of an agreement in force, from the TOML file of all its terms.

        Raises:
            AgreementNotInForce: If no agreement here has that name.
            AgreementMalformed: If the file has another name, or omits a party.
        """
        before = self._context.stores.agreements.by_name(name)
        amended = replace(self.draft(text), id=before.id, version=before.version + 1)
        verify_amends(amended, before, self._context.departed(before))
        return amended

    def draft_counter(self, offer: Offer, text: str) -> Agreement:
        """Returns other terms for the same version of an agreement, from a TOML file.

        Raises:
            ProposalClosed, ProposalSuperseded: If the proposal is no longer open.
            AgreementMalformed: If they could not replace the version in force, or are equal.
        """
        offer.verify_open(self._log_ms())
        other = replace(self.draft(text), id=offer.agreement.id, version=offer.agreement.version)
        if replace(other, header=offer.agreement.header) == offer.agreement:
            raise AgreementMalformed("the terms equal the proposed ones; sign the proposal instead")
        before = self.replaced_by(offer)
        if before is not None:
            verify_amends(other, before, self._context.departed(before))
        return other

    # Sending.

    async def propose(
        self,
        agreement: Agreement,
        *,
        answers: bytes = b"",
        within_ms: int = DEFAULT_ANSWER_MS,
        person: str = "",
    ) -> bytes:
        """Signs terms and proposes them to every party.

        Args:
            agreement: The terms, as drafted here.
            answers: The id of the terms that they answer, or empty.
            within_ms: Time for signatures, in milliseconds.
            person: The proposing person; by default the logged-in person.

        Returns:
            The id of the terms, 32 bytes.

        Raises:
            TlsError: If ``person`` is not logged in.
            AgreementError: If our agency is not a party, or the exchange refuses it.
        """
        self._verify_ours(agreement)
        drafted = self._signed(encode_agreement(agreement))
        self._access.act("proposal propose", drafted.statement.id, person=person)
        await self._say(
            drafted, in_reply_to=answers, answer_by_ms=self._context.now_ms() + within_ms
        )
        return drafted.statement.id

    async def sign(self, offer: Offer, *, person: str = "") -> None:
        """Adds this agency's signature, and notifies every party; a repeated call resends it.

        Raises:
            TlsError: If ``person`` is not logged in.
            ProposalClosed, ProposalSuperseded: If the proposal is no longer open.
            PinUnknown: If it pins a digest that this installation does not have.
            AgreementError: If the exchange refuses it.
        """
        offer.verify_open(self._log_ms())
        self._verify_ours(offer.agreement)
        verify_pins(offer.agreement, self._context.policies.pins)
        verify_signable(offer.agreement, self._context.now_ms())
        self._access.act("proposal sign", offer.terms, person=person)
        before = self._context.stores.proposals.own_step(offer.terms, self._context.uri)
        if before is not None and self._counts(before):
            await self._publish(before)
            return
        drafted = offer.steps[0].proposal.statement
        first = replace(drafted, inclusions=drafted.inclusions[:1])
        key = first.inclusions[0].attestation
        attestations = {key: offer.steps[0].proposal.attestations[key]}
        await self._say(
            merge_signed(
                [
                    Signed(statement=first, attestations=attestations),
                    self._signed(drafted.body),
                ]
            )
        )

    async def decline(self, offer: Offer, *, person: str = "") -> None:
        """Declines a proposal and notifies every party; withdraws our own terms.

        Raises:
            TlsError: If ``person`` is not logged in.
            ProposalClosed, ProposalSuperseded: If the proposal is no longer open.
            ProposalClosed: If this agency signed another party's terms: a signature is final.
        """
        offer.verify_open(self._log_ms())
        first = offer.steps[0].proposal
        is_ours = offer.agreement.header.signer == self._context.uri
        if self._context.agency in offer.signers and not is_ours:
            raise ProposalClosed("this agency has signed it, and a signature is final")
        self._access.act("proposal decline", offer.terms, person=person)
        statement = replace(first.statement, inclusions=first.statement.inclusions[:1])
        key = statement.inclusions[0].attestation
        await self._say(
            Signed(statement=statement, attestations={key: first.attestations[key]}), declined=True
        )

    def _log_ms(self) -> int:
        return self._context.follower.time_s() * 1000

    def _verify_ours(self, agreement: Agreement) -> None:
        if self._context.agency not in agreement.signatories:
            raise AgreementNotInForce("this agency is neither a party to it nor an overseer")

    def _counts(self, step: Signed) -> bool:
        proposal = parse_proposal(step.statement.body)
        return not proposal.declined and proposal.header == self._context.signer.header

    def _signed(self, body: bytes) -> Signed:
        return signed(self._context.signer.sign([(StatementType.AGREEMENT, body)]))

    async def _say(
        self,
        agreement: Signed,
        *,
        declined: bool = False,
        in_reply_to: bytes = b"",
        answer_by_ms: int = 0,
    ) -> None:
        proposal = Proposal(
            header=self._context.signer.header,
            statement=agreement.statement,
            attestations=agreement.attestations,
            declined=declined,
            in_reply_to=in_reply_to,
            answer_by_ms=answer_by_ms,
        )
        body = encode_proposal(proposal)
        await self._publish(signed(self._context.signer.sign([(StatementType.PROPOSAL, body)])))
