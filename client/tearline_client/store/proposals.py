"""Steps of proposed agreements, and their results."""

from collections.abc import Iterator
from enum import IntEnum

from tearline.agreements.agreement import Agreement
from tearline.agreements.proposal import Offer, Proposal, Step, offers_of, verify_amends
from tearline.errors import NotFound, ProposalRefused
from tearline.federation.versions import Members
from tearline.identity import domain_uri_of
from tearline.limits import MAX_PROPOSAL_STEPS
from tearline.statements.statement import Statement
from tearline.wire.agreements import parse_agreement
from tearline.wire.proposals import parse_proposal
from tearline.wire.statements import Signed, encode_signed, parse_signed
from tearline_client.store.agreements import AgreementStore
from tearline_client.store.database import Database
from tearline_client.store.vault import Column

_STEP = Column("proposal", "sealed", ("statement_id",))


class _Stance(IntEnum):
    """An agency's position on the terms."""

    DRAFTED = 0  # the drafter's signature is part of every step, and closes no proposal
    SIGNED = 1
    DECLINED = 2


# As ``Offer.state``, with the numbers of ``_Stance``, without opening steps, which may hold
# hundreds of kilobytes. Short: the steps of all parties on one agency's terms, each agency's within
# its bound.
_FORGET_CLOSED = (
    "DELETE FROM proposal WHERE speaker = ?1 AND terms IN ("
    "SELECT p.terms FROM proposal p"
    " WHERE p.terms IN (SELECT terms FROM proposal WHERE speaker = ?1) GROUP BY p.terms"
    " HAVING min(p.ends_ms) <= ?2 OR max(p.stance = 2)"
    " OR count(DISTINCT CASE p.stance WHEN 1 THEN p.speaker END) >= max(p.others)"
    " OR max(p.version) <= (SELECT max(a.version) FROM agreement a WHERE a.id = max(p.agreement)))"
)


class ProposalStore:
    """Verified steps; the caller's transaction makes writes durable together.

    Args:
        database: The node's database.
        agreements: The agreements in force.
    """

    def __init__(self, database: Database, agreements: AgreementStore) -> None:
        self._db = database
        self._agreements = agreements

    def put(self, signed: Signed, *, place: int, time_ms: int, members: Members) -> None:
        """Stores a step, even after another version came into force.

        Args:
            signed: The step's statement.
            place: Index of its log entry.
            time_ms: The log's time of that entry.
            members: The members at that entry.

        Raises:
            AgreementMalformed: If its terms cannot replace an earlier version in force.
            ProposalRefused: If too many steps of its agency are on open terms.
        """
        proposal = parse_proposal(signed.statement.body)
        agreement = parse_agreement(proposal.statement.body)
        for earlier in self._agreements.history(agreement.id):  # at most MAX_VERSIONS
            before = earlier.agreement
            if before.version < agreement.version:
                departed = members.departed(before.terms.parties, earlier.entry)
                verify_amends(agreement, before, departed)
        speaker = domain_uri_of(proposal.header.signer)
        known = "SELECT 1 FROM proposal WHERE statement_id = ?"
        if self._db.value(known, (signed.statement.id,)) is None:
            self._make_room(speaker, time_ms)
        self._db.execute(
            "INSERT INTO proposal"
            " (statement_id, terms, place, time_ms, sealed, speaker,"
            " agreement, version, ends_ms, stance, others)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                signed.statement.id,
                proposal.terms,
                place,
                time_ms,
                self._db.vault.seal(_STEP.at(signed.statement.id), encode_signed(signed)),
                speaker,
                agreement.id,
                agreement.version,
                min(proposal.answer_by_ms or agreement.valid_until_ms, agreement.valid_until_ms),
                _stance_of(proposal, agreement),
                len(agreement.signatories) - 1,
            ),
        )
        self._db.execute(
            "INSERT INTO proposal_news VALUES (?) ON CONFLICT DO NOTHING", (proposal.terms,)
        )

    def _make_room(self, speaker: str, time_ms: int) -> None:
        """Deletes an agency's steps on closed terms once it reached its limit.

        Raises:
            ProposalRefused: If they are all on open terms.
        """
        kept = "SELECT count(*) FROM proposal WHERE speaker = ?"
        if self._db.value(kept, (speaker,)) < MAX_PROPOSAL_STEPS:
            return
        self._db.execute(_FORGET_CLOSED, (speaker, time_ms))
        if self._db.value(kept, (speaker,)) >= MAX_PROPOSAL_STEPS:
            raise ProposalRefused("its agency has too many steps on open terms")

    def offers(self) -> tuple[Offer, ...]:
        """Returns all proposals, in the order of the log."""
        return offers_of(self._steps(), self._agreements.by_statement())

    def offer(self, terms: bytes) -> Offer:
        """Returns the proposal with one id.

        Raises:
            NotFound: If there is none.
        """
        found = next((offer for offer in self.offers() if offer.terms == terms), None)
        if found is None:
            raise NotFound("no such proposal here")
        return found

    def own_step(self, terms: bytes, node: str) -> Signed | None:
        """Returns the latest step of a node on some terms, as signed; None without one."""
        rows = self._db.rows(
            "SELECT statement_id, sealed FROM proposal WHERE terms = ? ORDER BY place DESC",
            (terms,),
        )
        for key, sealed in rows:
            signed = parse_signed(self._db.vault.open(_STEP.at(key), sealed))
            if parse_proposal(signed.statement.body).header.signer == node:
                return signed
        return None

    def news(self) -> tuple[bytes, ...]:
        """Returns the terms with unprocessed steps."""
        return tuple(terms for (terms,) in self._db.rows("SELECT terms FROM proposal_news"))

    def have_all_signed(self, terms: bytes) -> bool:
        """Returns whether enough agencies, beside the drafter, signed some terms.

        Opens no step.
        """
        said = self._db.value(
            "SELECT count(DISTINCT CASE stance WHEN 1 THEN speaker END) >= max(others)"
            " FROM proposal WHERE terms = ?",
            (terms,),
        )
        return bool(said)

    def take_news(self, terms: bytes) -> bool:
        """Marks the steps of some terms as processed; returns whether there were any."""
        sql = "DELETE FROM proposal_news WHERE terms = ? RETURNING 1"
        return self._db.row(sql, (terms,)) is not None

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


def _stance_of(proposal: Proposal, agreement: Agreement) -> _Stance:
    if proposal.declined:
        return _Stance.DECLINED
    is_drafter = domain_uri_of(proposal.header.signer) == domain_uri_of(agreement.header.signer)
    return _Stance.DRAFTED if is_drafter else _Stance.SIGNED


def complete(offer: Offer) -> Signed:
    """Returns the agreement with one signature of each party, the drafter's first."""
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
