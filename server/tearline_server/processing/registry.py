"""Registry: the exchange's in-memory keys, agreements, standings, channels and mailboxes.

It is derived from the store at the start, and again after a failed transaction. Writes of other
processes are applied before the next batch is judged.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import TypeVar

from tearline.agreements.agreement import Agreement
from tearline.cases.case import CaseBook
from tearline.dataclass.immutable import immutable
from tearline.errors import (
    AgreementNotInForce,
    FrontierDamaged,
    PartyDeparted,
    StoreVersion,
    TearlineError,
    TrustMissing,
)
from tearline.federation.members import ExchangeEnrolment
from tearline.federation.record_limits import AgreementBounds
from tearline.identity import trust_domain_of
from tearline.limits import MAILBOX_BYTES, MAILBOX_STATEMENTS, MAX_POLICIES_KEPT
from tearline.packets.packet import Pins
from tearline.policy import masks, profile
from tearline.policy.release import ReleasePolicy
from tearline.policy.ruleset import PolicySet, parse_policy_set
from tearline.policy.vocabulary import SHARED_POLICIES, schema_digest
from tearline.statements.budget import DEFAULT_BUDGET, Amount, BudgetLevel, BudgetPart
from tearline.suspensions.index import SuspensionIndex
from tearline.verification.indexed_trust import IndexedTrustState
from tearline.verification.log_entries import parse_clear, parse_entry
from tearline.wire.agreements import parse_agreement
from tearline.wire.cases import parse_case_step
from tearline.wire.statements import parse_statement
from tearline.wire.suspensions import parse_standing
from tearline_server.admission.fair_queue import Cost
from tearline_server.storage.rows import ChannelRow, Head
from tearline_server.storage.snapshot import Snapshot

T = TypeVar("T")

_NO_PARTIES = ("", "-")
ROOM = Cost(statements=MAILBOX_STATEMENTS, bytes=MAILBOX_BYTES)


@immutable
class Installation:
    """Identity of this exchange, and the rules that it judges by.

    Attributes:
        identity: The exchange and its log, as the constitution must name them.
        prepared: The same with prepared keys, as an amendment may name them; None without any.
        pins: The digests that agreements must pin.
        shared: The policy set of that digest.
        room: Mail that one agency may have waiting for one node.
        budget: Entries and bytes that one agency may add in a day.
    """

    identity: ExchangeEnrolment
    prepared: ExchangeEnrolment | None
    pins: Pins
    shared: PolicySet
    room: Cost
    budget: Amount


def installation_of(
    identity: ExchangeEnrolment,
    room: Cost = ROOM,
    prepared: ExchangeEnrolment | None = None,
    budget: Amount = DEFAULT_BUDGET,
) -> Installation:
    """Returns the installation of this version of Tearline."""
    shared = parse_policy_set(SHARED_POLICIES)
    pins = Pins(
        policy=shared.digest(),
        schema=schema_digest(),
        profile=profile.digest(),
        masks=masks.digest(),
    )
    return Installation(
        identity=identity, prepared=prepared, pins=pins, shared=shared, room=room, budget=budget
    )


@immutable
class InForce:
    """Newest version of an agreement.

    Attributes:
        agreement: The agreement.
        statement: The index of its statement's entry.
        entries: The index of the entry sent to each party's agency.
    """

    agreement: Agreement
    statement: int
    entries: Mapping[str, int]


@immutable
class NotifiedEntries:
    """Entries about a statement that the parties of an agreement received.

    Attributes:
        statement: The index of its entry.
        entries: The index of the entry sent to each party's agency.
        empty_ms: Time at which the agency's rate bucket for standings is empty, in log time.
    """

    statement: int
    entries: Mapping[str, int]
    empty_ms: int = 0


class Registry:
    """Keys, agreements, channels and mailboxes, as of the last commit.

    Args:
        installation: The exchange's identity and rules.
        federation: 32 bytes, the id of the federation.

    Attributes:
        head: The head that it follows from; None before the first load.
    """

    def __init__(self, installation: Installation, federation: bytes) -> None:
        self.installation = installation
        self.head: Head | None = None
        self.trust = IndexedTrustState(federation=federation)
        self.agreements: dict[bytes, InForce] = {}
        self.bounds = AgreementBounds()
        self._partners: defaultdict[str, set[str]] = defaultdict(set)
        self._policies = lru_cache(maxsize=MAX_POLICIES_KEPT)(self._policy)
        self.standings = SuspensionIndex()
        self.told: dict[tuple[str, bytes], NotifiedEntries] = {}
        self.cases = CaseBook()
        self.channels: dict[tuple[str, str, bytes], ChannelRow] = {}
        self.mailboxes: dict[str, int] = {}
        self.budgets: dict[tuple[str, BudgetPart], BudgetLevel] = {}

    @property
    def exchange(self) -> str:
        """Returns the URI of this exchange."""
        return self.installation.identity.exchange.uri

    @classmethod
    def restore(cls, installation: Installation, stored: Snapshot) -> "Registry":
        """Returns the registry derived from a store.

        Raises:
            TrustMissing: If the store holds no charter yet.
        """
        signed = parse_clear(stored.clear[0][1]) if stored.clear else None
        if signed is None:
            raise TrustMissing
        registry = cls(installation, signed.statement.id)
        registry.follow(stored)
        return registry

    def follow(self, stored: Snapshot) -> None:
        """Applies writes made after the registry's head, or from earlier on.

        Raises:
            FrontierDamaged: If the store is older than that head, or of another epoch: state that
                was already signed and published is gone.
            StoreVersion: If an earlier version accepted a statement that this one refuses.
        """
        verify_follows(stored.head, self.head)
        known = self.head.tree.size if self.head else 0
        for index, entry in stored.clear:
            signed = parse_entry(entry) if index >= known else None
            if signed is not None:
                self.trust.apply(index, signed)
        for row in stored.agreements:
            agreement, size = _stored("an agreement", row.envelope, parse_agreement)
            self.put_agreement(agreement, row.statement, row.entries, size)
        standings = [
            _stored("a standing", row.envelope, parse_standing)[0] for row in stored.standings
        ]
        self.standings = SuspensionIndex([*self.standings.all(), *standings])
        for standing, told in zip(standings, stored.standings, strict=True):
            self.told[standing.key] = NotifiedEntries(
                statement=told.statement, entries=told.entries, empty_ms=told.empty_ms
            )
        steps = [
            _stored("a step of a case", envelope, parse_case_step)[0]
            for envelope in stored.case_steps
        ]
        for step in sorted(steps, key=lambda each: each.number):
            self.cases.put(step)
        self.channels |= {
            (row.sender, row.recipient, row.agreement): row for row in stored.channels
        }
        self.mailboxes |= stored.mailboxes
        self.budgets |= stored.budgets
        self.head = stored.head

    def put_agreement(
        self, agreement: Agreement, statement: int, entries: Mapping[str, int], size: int
    ) -> None:
        """Stores a newer version of an agreement; ``size`` is its bytes."""
        self.bounds.put(agreement, size)
        for party in agreement.terms.parties:
            self._partners[party].update(agreement.terms.parties)
        self.agreements[agreement.id] = InForce(
            agreement=agreement, statement=statement, entries=entries
        )

    def policy_of(self, agreement: Agreement) -> ReleasePolicy:
        """Returns the release policy under the newest version of an agreement."""
        return self._policies(*agreement.key)

    def _policy(self, agreement_id: bytes, version: int) -> ReleasePolicy:
        terms = self.agreements[agreement_id].agreement.terms
        return ReleasePolicy(terms=terms, shared=self.installation.shared)

    def agreement_of(self, agreement_id: bytes, *agencies: str) -> InForce:
        """Returns the newest version of an agreement to which all ``agencies`` are parties.

        Raises:
            AgreementNotInForce: If there is none; identical whether it exists or not.
        """
        found = self.agreements.get(agreement_id)
        # Compared in either case: the time of the refusal tells no more than its text.
        parties = _NO_PARTIES if found is None else found.agreement.terms.parties
        if not set(agencies) <= set(parties) or found is None:
            raise AgreementNotInForce("there is no such agreement between these agencies")
        return found

    def departed(self, found: InForce) -> tuple[str, ...]:
        """Returns the parties that are members no more, or of another generation than signed."""
        return self.trust.members.departed(found.agreement.terms.parties, found.statement)

    def verify_parties_stayed(self, found: InForce) -> None:
        """Checks that all parties of an agreement are members as they signed it.

        Raises:
            PartyDeparted: If one left, was removed, or is under a replaced root.
        """
        if departed := self.departed(found):
            raise PartyDeparted(", ".join(map(trust_domain_of, departed)))

    def partners_of(self, agency: str) -> AbstractSet[str]:
        """Returns the parties of an agency's agreements, itself among them if there is one."""
        return self._partners.get(agency, frozenset())

    def is_party(self, agreement_id: bytes, agency: str) -> bool:
        """Returns whether an agency is a party to the newest version of an agreement."""
        found = self.agreements.get(agreement_id)
        return found is not None and agency in found.agreement.terms.parties

    def next_mail(self, node: str) -> int:
        """Reserves and returns the next place in a mailbox."""
        self.mailboxes[node] = self.mailboxes.get(node, 0) + 1
        return self.mailboxes[node]


def _stored(name: str, envelope: bytes, parse: Callable[[bytes], T]) -> tuple[T, int]:
    """Returns the content of a stored statement, and its size.

    Raises:
        StoreVersion: If this version refuses it, although an earlier one accepted it.
    """
    statement = parse_statement(envelope)
    try:
        return parse(statement.body), len(statement.body)
    except TearlineError as error:
        raise StoreVersion(f"{name} in it, statement {statement.id.hex()}: {error.why}") from None


def verify_follows(head: Head, known: Head | None) -> None:
    """Checks that a store's head equals or follows a head seen before.

    Raises:
        FrontierDamaged: If it does not.
    """
    if known is not None and (head.epoch != known.epoch or head.serial < known.serial):
        raise FrontierDamaged("the store is older than the state read from it before")
