"""Units of work for the committer: publications, deliveries, acknowledgements, jobs, orders.

Each names the stored state that it needs, and is judged in its turn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from tearline.audit.erasure import Erasure
from tearline.audit.event import Event
from tearline.errors import TearlineError
from tearline.limits import CHARGE_BYTES, DIRECTORY_INTERVAL_MS, MAX_STANDINGS
from tearline.statements.budget import Amount, BudgetPart
from tearline.statements.statement import Attestation
from tearline.verification.moment import Moment
from tearline.wire.grants import parse_bare_grant, parse_event
from tearline.wire.publications import Outcome
from tearline.wire.reconcile import ChannelPosition
from tearline.wire.statements import Signed, parse_statement
from tearline_server.admission.fair_queue import OWN, Cost
from tearline_server.processing.authorship import Authored, authored
from tearline_server.processing.batch import Batch, Result
from tearline_server.processing.context import Publisher, SubmittedStatement
from tearline_server.processing.day_budget import charge, verify_budget
from tearline_server.processing.handlers.deliveries import hand_out
from tearline_server.processing.handlers.erasures import erase_due
from tearline_server.processing.handlers.expiry import drop_ended
from tearline_server.processing.handlers.requests import RequestKey, log_overdue
from tearline_server.processing.lookups import lookups_of
from tearline_server.processing.process import process
from tearline_server.processing.registry import Registry
from tearline_server.storage.lookups import Lookups, Undelivered
from tearline_server.storage.reads import MailItem
from tearline_server.storage.rows import ChannelRow

_NEVER_MS = 1 << 64


class Command(Protocol):
    """Unit of work that can be judged."""

    @property
    def source(self) -> str:
        """Returns the URI of the node that it comes from, or ``OWN``."""
        ...

    @property
    def weight(self) -> Cost:
        """Returns its weight in the queue."""
        ...

    def ask(self, registry: Registry, moment: Moment) -> Lookups:
        """Returns the stored state that it needs.

        Args:
            registry: The current keys and agreements.
            moment: The place in the log after which the batch is written.
        """
        ...

    @property
    def attestations(self) -> Mapping[bytes, Attestation]:
        """Returns its attestations, by hash."""
        ...

    def judge(self, registry: Registry, batch: Batch) -> None:
        """Adds its writes to the batch."""
        ...


class PublishCommand:
    """Publication to be judged.

    Args:
        publisher: The publisher.
        submissions: Its statements.
        attestations: Its attestations, by hash.
        size: Its bytes.
    """

    def __init__(
        self,
        publisher: Publisher,
        submissions: tuple[SubmittedStatement, ...],
        attestations: Mapping[bytes, Attestation],
        size: int,
    ) -> None:
        self._publisher = publisher
        self._claims = submissions
        self._rulings: tuple[Result, ...] = ()
        self.source = publisher.node
        self.attestations = attestations
        self._authored: tuple[Authored, ...] = ()
        self.weight = Cost(statements=len(submissions), bytes=size)

    def ask(self, registry: Registry, moment: Moment) -> Lookups:
        """Checks the authorship of each claim, and returns the lookups of the genuine ones."""
        self._authored = tuple(
            authored(submitted, self._publisher, registry.trust, moment)
            for submitted in self._claims
        )
        return lookups_of(self._authored, self._publisher, registry)

    def judge(self, registry: Registry, batch: Batch) -> None:
        """Rules on every claim."""
        self._rulings = process(self._authored, self._publisher, registry, batch)

    def outcomes(self) -> tuple[Outcome, ...]:
        """Returns the outcome of each statement, once the batch is durable."""
        return tuple(result.outcome() for result in self._rulings)


class DeliverCommand:
    """Grants to be delivered for the first time: the delivery is logged before it happens.

    It counts as the exchange's own work, because the node made no new request.

    Args:
        node: URI of the mailbox's node.
        items: The grants.

    Attributes:
        handed: Places of grants that are delivered now.
        withheld: Places of grants that are suspended, ended or recalled. Any other grant was
            withdrawn since its mailbox was read, and its place holds another statement.
    """

    source = OWN
    attestations: Mapping[bytes, Attestation] = {}

    def __init__(self, node: str, items: Sequence[MailItem]) -> None:
        self._node = node
        self._items = items
        self._ends_ms = {item.seq: _end_ms(item) for item in items}
        self.handed: set[int] = set()
        self.withheld: set[int] = set()
        self.weight = Cost(statements=len(items), bytes=0)

    def ask(self, registry: Registry, moment: Moment) -> Lookups:
        """Returns lookups of the grants' states, and of their packets' recalls."""
        return Lookups(
            mail=frozenset((self._node, item.id, item.sender) for item in self._items),
            recalls=frozenset(item.packet for item in self._items if item.packet),
        )

    def judge(self, registry: Registry, batch: Batch) -> None:
        """Logs the delivery of each, unless another stream of the node already did."""
        for item in self._items:
            place = (self._node, item.seq)
            known = batch.known.mail.get((self._node, item.id))
            if known is None or place in batch.withdrawn:
                continue
            if known.delivered or place in batch.delivered:
                self.handed.add(item.seq)
                continue
            if known.held or place in batch.held:
                self.withheld.add(item.seq)
                continue
            waiting = Undelivered(
                node=self._node,
                seq=item.seq,
                id=item.id,
                statement=item.statement,
                event=parse_event(item.opening.event),
            )
            has_ended = self._ends_ms[item.seq] <= batch.now_ms
            handed = hand_out(registry, batch, waiting, has_ended=has_ended)
            (self.handed if handed else self.withheld).add(item.seq)


def _end_ms(item: MailItem) -> int:
    """Returns the end of a grant; an unreadable one has no end, and fails on delivery."""
    try:
        return parse_bare_grant(parse_statement(item.envelope).body).not_after_ms
    except TearlineError:
        return _NEVER_MS


class AcknowledgeCommand:
    """Acknowledgement by a node of its mailbox, up to a place."""

    weight = Cost(statements=0, bytes=0)
    attestations: Mapping[bytes, Attestation] = {}

    def __init__(self, node: str, seq: int) -> None:
        self.source = self._node = node
        self._seq = seq

    def ask(self, registry: Registry, moment: Moment) -> Lookups:
        """Returns no lookups."""
        return Lookups()

    def judge(self, registry: Registry, batch: Batch) -> None:
        """Records the highest place."""
        reached = min(self._seq, registry.mailboxes.get(self._node, 0))
        batch.acknowledged[self._node] = max(batch.acknowledged.get(self._node, 0), reached)


class ReconcileCommand:
    """Positions of channels that a restored exchange has lost.

    The recipient signed for each place, so no item that it lacks is skipped.

    Args:
        node: URI of the node that sends on the channels.
        confirmed: The positions, as the node reports them.
    """

    attestations: Mapping[bytes, Attestation] = {}

    def __init__(self, node: str, confirmed: Sequence[ChannelPosition]) -> None:
        self.source = self._node = node
        self._confirmed = confirmed
        self.weight = Cost(statements=len(confirmed), bytes=0)

    def ask(self, registry: Registry, moment: Moment) -> Lookups:
        """Returns no lookups."""
        return Lookups()

    def judge(self, registry: Registry, batch: Batch) -> None:
        """Adopts higher positions.

        A restore may have lost the agreement, so its id is not verified. The number of the node's
        channels stays bounded.
        """
        nodes, channels = frozenset(registry.trust.nodes()), registry.channels
        room = MAX_STANDINGS - sum(sender == self._node for sender, _, _ in channels)
        for each in self._confirmed:
            key = (self._node, each.recipient, each.agreement_id)
            if each.recipient not in nodes or (key not in channels and room <= 0):
                continue
            known = channels.get(key) or ChannelRow(
                sender=self._node, recipient=each.recipient, agreement=each.agreement_id
            )
            reached = replace(known, seq=max(known.seq, each.seq), mark=max(known.mark, each.mark))
            if reached != known:
                room -= key not in channels
                channels[key] = batch.channels[key] = reached


class LogOverdueCommand:
    """Overdue answers to be logged.

    Args:
        requests: Requests, by manifest id and holder.
    """

    source = OWN
    attestations: Mapping[bytes, Attestation] = {}

    def __init__(self, requests: Sequence[RequestKey]) -> None:
        self._requests = requests
        self.weight = Cost(statements=len(requests), bytes=0)

    def ask(self, registry: Registry, moment: Moment) -> Lookups:
        """Returns lookups of the requests."""
        return Lookups(
            requests=frozenset((packet, holder, holder) for packet, holder in self._requests)
        )

    def judge(self, registry: Registry, batch: Batch) -> None:
        """Logs each answer that is overdue by the log's time."""
        log_overdue(registry, batch, self._requests)


class EraseDueCommand:
    """Erasure order of the exchange, for entries past an agreement's log retention.

    Args:
        signed: The order's statement.
        order: The order.

    Attributes:
        erased: Whether it was carried out; not if the state changed since it was made.
    """

    source = OWN

    def __init__(self, signed: Signed, order: Erasure) -> None:
        self._statement = signed.statement
        self._order = order
        self.erased = False
        self.attestations: Mapping[bytes, Attestation] = signed.attestations
        self.weight = Cost(statements=len(order.parties), bytes=0)

    def ask(self, registry: Registry, moment: Moment) -> Lookups:
        """Returns lookups of the entries' contents."""
        return Lookups(
            entries=frozenset((index, self._order.parties[0]) for index in self._order.indices)
        )

    def judge(self, registry: Registry, batch: Batch) -> None:
        """Logs the order and erases its entries, or does neither."""
        self.erased = erase_due(registry, batch, self._statement, self._order)


class ExpirePacketsCommand:
    """Packets that may have ended.

    Args:
        packets: Ids of their manifests.
    """

    source = OWN
    attestations: Mapping[bytes, Attestation] = {}

    def __init__(self, packets: Sequence[bytes]) -> None:
        self._packets = packets
        self.weight = Cost(statements=len(packets), bytes=0)

    def ask(self, registry: Registry, moment: Moment) -> Lookups:
        """Returns lookups of the packets."""
        return Lookups(ending=frozenset(self._packets))

    def judge(self, registry: Registry, batch: Batch) -> None:
        """Deletes the ciphertexts of each packet that has ended by the log's time."""
        drop_ended(registry, batch, self._packets)


class LogEventsCommand:
    """Events of the exchange itself: counted refusals, acts of the operator."""

    source = OWN
    attestations: Mapping[bytes, Attestation] = {}

    def __init__(self, *events: Event) -> None:
        self._events = events
        self.weight = Cost(statements=len(events), bytes=0)

    def ask(self, registry: Registry, moment: Moment) -> Lookups:
        """Returns no lookups."""
        return Lookups()

    def judge(self, registry: Registry, batch: Batch) -> None:
        """Logs them, at the log's time."""
        for event in self._events:
            batch.log(replace(event, time_ms=batch.now_ms))


class LogSearchCommand:
    """Search of an auditor to be logged, and charged to the budget of the auditor's agency.

    Args:
        agency: URI of the agency.
        event: The event.
    """

    source = OWN
    attestations: Mapping[bytes, Attestation] = {}
    weight = Cost(statements=1, bytes=0)

    def __init__(self, agency: str, event: Event) -> None:
        self._agency = agency
        self._event = event
        self._refusal: TearlineError | None = None

    def ask(self, registry: Registry, moment: Moment) -> Lookups:
        """Returns no lookups."""
        return Lookups()

    def judge(self, registry: Registry, batch: Batch) -> None:
        """Logs it at the log's time, unless the budget is used up."""
        self._refusal = None
        try:
            verify_budget(registry, batch, self._agency, BudgetPart.SEARCH)
        except TearlineError as error:
            self._refusal = error
            return
        batch.log(replace(self._event, time_ms=batch.now_ms))
        amount = Amount(entries=1, bytes=CHARGE_BYTES)
        charge(registry, batch, self._agency, BudgetPart.SEARCH, amount)

    def verify_logged(self) -> None:
        """Checks that it was logged.

        Raises:
            ExchangeBusy: If the budget was used up.
        """
        if self._refusal is not None:
            raise self._refusal


class WriteDirectoryCommand:
    """Directory entry to be written, by which every reader learns the log's time."""

    source = OWN
    weight = Cost(statements=0, bytes=0)
    attestations: Mapping[bytes, Attestation] = {}

    def ask(self, registry: Registry, moment: Moment) -> Lookups:
        """Returns no lookups."""
        return Lookups()

    def judge(self, registry: Registry, batch: Batch) -> None:
        """Makes the batch end with a directory entry, unless another process wrote one."""
        age_ms = batch.now_ms - registry.trust.membership.time_ms
        batch.directory_due |= age_ms >= DIRECTORY_INTERVAL_MS
