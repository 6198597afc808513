"""The registry: what the exchange holds of keys, agreements, standings, channels, mailboxes.

All of it follows from the store and is read back from there at the start, and whenever a
transaction failed after its batch was judged. What others wrote is taken before anything is
judged behind it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from tearline.agreement import Agreement
from tearline.case import CaseBook
from tearline.errors import (
    AgreementNotInForce,
    FrontierDamaged,
    StoreVersion,
    TearlineError,
    TrustMissing,
)
from tearline.federation import ExchangeEnrolment
from tearline.ledger import parse_entry
from tearline.limits import MAILBOX_BYTES, MAILBOX_STATEMENTS, MAX_POLICIES_KEPT
from tearline.packet import Pins
from tearline.policy import masks, profile
from tearline.policy.release import ReleasePolicy
from tearline.policy.ruleset import PolicySet, parse_policy_set
from tearline.policy.vocabulary import SHARED_POLICIES, schema_digest
from tearline.records import AgreementBounds
from tearline.standing.book import StandingBook
from tearline.trust import TrustState
from tearline.wire.agreements import parse_agreement
from tearline.wire.cases import parse_case_step
from tearline.wire.standings import parse_standing
from tearline.wire.statements import parse_statement
from tearline_server.storage.rows import Head
from tearline_server.storage.stored import Stored
from tearline_server.turns import Weight

T = TypeVar("T")

ROOM = Weight(statements=MAILBOX_STATEMENTS, bytes=MAILBOX_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What this exchange is and judges by.

    Attributes:
        identity: The exchange and its log, as trust lists must name them.
        pins: The digests that agreements must pin.
        shared: The policy set of that digest.
        room: What one agency may have waiting for one node.
    """

    identity: ExchangeEnrolment
    pins: Pins
    shared: PolicySet
    room: Weight


def installation_of(identity: ExchangeEnrolment, room: Weight = ROOM) -> Installation:
    """What this version of Tearline judges by."""
    shared = parse_policy_set(SHARED_POLICIES)
    pins = Pins(
        policy=shared.digest(),
        schema=schema_digest(),
        profile=profile.digest(),
        masks=masks.digest(),
    )
    return Installation(identity=identity, pins=pins, shared=shared, room=room)


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The newest version of an agreement.

    Attributes:
        agreement: The agreement.
        statement: The index of its statement's entry.
        entries: The index of the entry that each party's agency is told of.
    """

    agreement: Agreement
    statement: int
    entries: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the parties of an agreement were told of a statement.

    Attributes:
        statement: The index of its entry.
        entries: The index of the entry that each party's agency is told of.
        empty_ms: When its agency's bucket of standings is empty, in log time.
    """

    statement: int
    entries: Mapping[str, int]
    empty_ms: int = 0


class Registry:
    """Keys, agreements, channels and mailboxes, as of the last commit.

    Args:
        installation: What this exchange is and judges by.
        federation: 32 bytes, the id of the federation.

    Attributes:
        head: The log that it follows from; None before anything is known of it.
    """

    def __init__(self, installation: Installation, federation: bytes) -> None:
        self.installation = installation
        self.head: Head | None = None
        self.trust = TrustState(federation=federation)
        self.agreements: dict[bytes, InForce] = {}
        self.bounds = AgreementBounds()
        self._policies = lru_cache(maxsize=MAX_POLICIES_KEPT)(self._policy)
        self.standings = StandingBook()
        self.told: dict[tuple[str, bytes], Told] = {}
        self.cases = CaseBook()
        self.channels: dict[tuple[str, str, bytes], tuple[int, int]] = {}
        self.mailboxes: dict[str, int] = {}

    @property
    def exchange(self) -> str:
        """URI of this exchange."""
        return self.installation.identity.exchange.uri

    @classmethod
    def restore(cls, installation: Installation, stored: Stored) -> "Registry":
        """The registry that follows from a store.

        Raises:
            TrustMissing: If the store holds no trust list yet.
        """
        signed = parse_entry(stored.clear[0][1]) if stored.clear else None
        if signed is None:
            raise TrustMissing
        registry = cls(installation, signed.statement.id)
        registry.follow(stored)
        return registry

    def follow(self, stored: Stored) -> None:
        """Takes what was written behind the head that this follows from, or more.

        Raises:
            FrontierDamaged: If the store is of an earlier time than that head, or another life
                of it: what is held here was signed and told, and is no more.
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
        self.standings = StandingBook([*self.standings.all(), *standings])
        for standing, told in zip(standings, stored.standings, strict=True):
            self.told[standing.key] = Told(
                statement=told.statement, entries=told.entries, empty_ms=told.empty_ms
            )
        steps = [
            _stored("a step of a case", envelope, parse_case_step)[0]
            for envelope in stored.case_steps
        ]
        for step in sorted(steps, key=lambda each: each.number):
            self.cases.put(step)
        self.channels |= {
            (row.sender, row.recipient, row.agreement): (row.seq, row.mark)
            for row in stored.channels
        }
        self.mailboxes |= stored.mailboxes
        self.head = stored.head

    def put_agreement(
        self, agreement: Agreement, statement: int, entries: Mapping[str, int], size: int
    ) -> None:
        """Takes a newer version of an agreement, of so many bytes."""
        self.bounds.put(agreement, size)
        self.agreements[agreement.id] = InForce(
            agreement=agreement, statement=statement, entries=entries
        )

    def policy_of(self, agreement: Agreement) -> ReleasePolicy:
        """Returns what decides releases under the newest version of an agreement."""
        return self._policies(*agreement.key)

    def _policy(self, agreement_id: bytes, version: int) -> ReleasePolicy:
        terms = self.agreements[agreement_id].agreement.terms
        return ReleasePolicy(terms=terms, shared=self.installation.shared)

    def agreement_of(self, agreement_id: bytes, *agencies: str) -> InForce:
        """The newest version of an agreement to which all ``agencies`` are parties.

        Raises:
            AgreementNotInForce: If there is none; the same whether it exists or not.
        """
        found = self.agreements.get(agreement_id)
        if found is None or not set(agencies) <= set(found.agreement.terms.parties):
            raise AgreementNotInForce("there is no such agreement between these agencies")
        return found

    def is_party(self, agreement_id: bytes, agency: str) -> bool:
        """Returns whether an agency is a party to the newest version of an agreement."""
        found = self.agreements.get(agreement_id)
        return found is not None and agency in found.agreement.terms.parties

    def next_mail(self, node: str) -> int:
        """Takes the next place in a mailbox."""
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
    """Checks that a store's head is a head that was seen before, or behind it.

    Raises:
        FrontierDamaged: If it is not.
    """
    if known is not None and (head.epoch != known.epoch or head.serial < known.serial):
        raise FrontierDamaged("the store is of an earlier time than what was read from it before")
