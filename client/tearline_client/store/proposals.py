"""What was said about proposed agreements, step by step, and what follows from it."""

from collections.abc import Iterator

from tearline.errors import NotFound, ProposalRefused
from tearline.identity import domain_uri_of
from tearline.limits import MAX_PROPOSAL_STEPS
from tearline.proposal import OPEN, Offer, Step, offers_of, verify_amends
from tearline.statement import Statement
from tearline.wire.agreements import parse_agreement
from tearline.wire.proposals import parse_proposal
from tearline.wire.statements import Signed, encode_signed, parse_signed
from tearline_client.store.agreements import AgreementStore
from tearline_client.store.database import Database
from tearline_client.store.vault import Column

_STEP = Column("proposal", "sealed", ("statement_id",))


class ProposalStore:
    """Steps that verified; the caller's transaction makes writes durable together.

    Args:
        database: The node's.
        agreements: What was agreed on.
    """

    def __init__(self, database: Database, agreements: AgreementStore) -> None:
        self._db = database
        self._agreements = agreements

    def put(self, signed: Signed, *, place: int, time_ms: int) -> None:
        """Keeps a step; what comes after another version was agreed on is kept as well.

        Args:
            signed: The step's statement.
            place: Index of the entry that told of it.
            time_ms: The log's time of that entry.

        Raises:
            AgreementMalformed: If its terms cannot replace what was agreed on before them.
            ProposalRefused: If too many steps of its agency are here on terms that are open.
        """
        proposal = parse_proposal(signed.statement.body)
        agreement = parse_agreement(proposal.statement.body)
        for earlier in self._agreements.all():
            if earlier.id == agreement.id and earlier.version < agreement.version:
                verify_amends(agreement, earlier)
        speaker = domain_uri_of(proposal.header.signer)
        known = "SELECT 1 FROM proposal WHERE statement_id = ?"
        if self._db.value(known, (signed.statement.id,)) is None:
            self._make_room(speaker, time_ms)
        self._db.execute(
            "INSERT INTO proposal VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                signed.statement.id,
                proposal.terms,
                place,
                time_ms,
                self._db.vault.seal(_STEP.at(signed.statement.id), encode_signed(signed)),
                speaker,
            ),
        )
        self._db.execute(
            "INSERT INTO proposal_news VALUES (?) ON CONFLICT DO NOTHING", (proposal.terms,)
        )

    def _make_room(self, speaker: str, time_ms: int) -> None:
        """Forgets an agency's steps on terms that are closed, once it has said as much as it may.

        Raises:
            ProposalRefused: If they are all on terms that are open.
        """
        kept = "SELECT count(*) FROM proposal WHERE speaker = ?"
        if self._db.value(kept, (speaker,)) < MAX_PROPOSAL_STEPS:
            return
        for offer in self.offers():
            if offer.state(time_ms) not in OPEN:
                self._db.execute(
                    "DELETE FROM proposal WHERE speaker = ? AND terms = ?", (speaker, offer.terms)
                )
        if self._db.value(kept, (speaker,)) >= MAX_PROPOSAL_STEPS:
            raise ProposalRefused("its agency has too much to say on terms that are open")

    def offers(self) -> tuple[Offer, ...]:
        """Everything that was proposed, in the order of the log."""
        return offers_of(self._steps(), self._agreements.by_statement())

    def offer(self, terms: bytes) -> Offer:
        """What was proposed under one id.

        Raises:
            NotFound: If nothing here was.
        """
        found = next((offer for offer in self.offers() if offer.terms == terms), None)
        if found is None:
            raise NotFound("no such proposal here")
        return found

    def own_step(self, terms: bytes, node: str) -> Signed | None:
        """The latest step of a node on some terms, as it was signed; None without one."""
        rows = self._db.rows(
            "SELECT statement_id, sealed FROM proposal WHERE terms = ? ORDER BY place DESC",
            (terms,),
        )
        for key, sealed in rows:
            signed = parse_signed(self._db.vault.open(_STEP.at(key), sealed))
            if parse_proposal(signed.statement.body).header.signer == node:
                return signed
        return None

    def take_news(self) -> tuple[bytes, ...]:
        """The terms of which something was heard since this was last asked."""
        return tuple(terms for (terms,) in self._db.rows("DELETE FROM proposal_news RETURNING *"))

    def _steps(self) -> Iterator[Step]:
        rows = self._db.rows(
            "SELECT statement_id, place, time_ms, sealed FROM proposal ORDER BY place"
        )
        for key, place, time_ms, sealed in rows:
            signed = parse_signed(self._db.vault.open(_STEP.at(key), sealed))
            proposal = parse_proposal(signed.statement.body)
            yield Step(
                place=place,
                time_ms=time_ms,
                proposal=proposal,
                agreement=parse_agreement(proposal.statement.body),
            )


def complete(offer: Offer) -> Signed:
    """The agreement with one signature of each party that signed, the drafter's first."""
    first = offer.steps[0].proposal
    inclusions = {first.statement.inclusions[0].attestation: first.statement.inclusions[0]}
    attestations = {key: first.attestations[key] for key in inclusions}
    of_agency = {}
    for step in offer.steps:
        for inclusion in step.proposal.statement.inclusions[1:]:
            of_agency[step.agency] = (inclusion, step.proposal.attestations[inclusion.attestation])
    for _, (inclusion, attestation) in sorted(of_agency.items()):
        inclusions[inclusion.attestation] = inclusion
        attestations[inclusion.attestation] = attestation
    return Signed(
        statement=Statement(
            type=first.statement.type,
            body=first.statement.body,
            inclusions=tuple(inclusions.values()),
        ),
        attestations=attestations,
    )
