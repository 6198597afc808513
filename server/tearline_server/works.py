"""Units of work for the committer: publications, deliveries, acknowledgements, chores, orders.

Each names the stored state that it needs, and is judged in its turn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from tearline.erasure import Erasure
from tearline.errors import TearlineError
from tearline.event import Event
from tearline.limits import MAX_STANDINGS
from tearline.statement import Attestation
from tearline.trust import Moment
from tearline.wire.flow import parse_bare_grant, parse_event
from tearline.wire.publications import Outcome
from tearline.wire.reconciling import Standing
from tearline.wire.statements import Signed, parse_statement
from tearline_server.judging.authorship import Authored, authored
from tearline_server.judging.claims import Claim
from tearline_server.judging.docket import Docket, Ruling
from tearline_server.judging.erasures import erase_due
from tearline_server.judging.expiry import drop_ended
from tearline_server.judging.handouts import hand_out
from tearline_server.judging.hearing import Publisher
from tearline_server.judging.judge import judge
from tearline_server.judging.questions import asked_of
from tearline_server.judging.registry import Registry
from tearline_server.judging.requests import RequestKey, log_overdue
from tearline_server.storage.known import Asked, Undelivered
from tearline_server.storage.reading import MailItem
from tearline_server.turns import OWN, Weight

_NEVER_MS = 1 << 64


class ExchangeWork(Protocol):
    """Unit of work that can be judged."""

    @property
    def source(self) -> str:
        """Returns the URI of the node that it comes from, or ``OWN``."""
        ...

    @property
    def weight(self) -> Weight:
        """Returns its weight in the queue."""
        ...

    def ask(self, registry: Registry, moment: Moment) -> Asked:
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

    def judge(self, registry: Registry, docket: Docket) -> None:
        """Adds its writes to the docket."""
        ...


class Submission:
    """Publication to be judged.

    Args:
        publisher: The publisher.
        claims: Its statements.
        attestations: Its attestations, by hash.
        size: Its bytes.
    """

    def __init__(
        self,
        publisher: Publisher,
        claims: tuple[Claim, ...],
        attestations: Mapping[bytes, Attestation],
        size: int,
    ) -> None:
        self._publisher = publisher
        self._claims = claims
        self._rulings: tuple[Ruling, ...] = ()
        self.source = publisher.node
        self.attestations = attestations
        self._authored: tuple[Authored, ...] = ()
        self.weight = Weight(statements=len(claims), bytes=size)

    def ask(self, registry: Registry, moment: Moment) -> Asked:
        """Checks the authorship of each claim, and returns the lookups of the genuine ones."""
        self._authored = tuple(
            authored(claim, self._publisher, registry.trust, moment) for claim in self._claims
        )
        return asked_of(self._authored, self._publisher.agency, registry)

    def judge(self, registry: Registry, docket: Docket) -> None:
        """Rules on every claim."""
        self._rulings = judge(self._authored, self._publisher, registry, docket)

    def outcomes(self) -> tuple[Outcome, ...]:
        """Returns the outcome of each statement, once the batch is durable."""
        return tuple(ruling.outcome() for ruling in self._rulings)


class HandOut:
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
        self.weight = Weight(statements=len(items), bytes=0)

    def ask(self, registry: Registry, moment: Moment) -> Asked:
        """Returns lookups of the grants' states, and of their packets' recalls."""
        return Asked(
            mail=frozenset((self._node, item.id, item.sender) for item in self._items),
            recalls=frozenset(item.packet for item in self._items if item.packet),
        )

    def judge(self, registry: Registry, docket: Docket) -> None:
        """Logs the delivery of each, unless another stream of the node already did."""
        for item in self._items:
            place = (self._node, item.seq)
            known = docket.known.mail.get((self._node, item.id))
            if known is None or place in docket.withdrawn:
                continue
            if known.delivered or place in docket.delivered:
                self.handed.add(item.seq)
                continue
            if known.held or place in docket.held:
                self.withheld.add(item.seq)
                continue
            waiting = Undelivered(
                node=self._node,
                seq=item.seq,
                id=item.id,
                statement=item.statement,
                event=parse_event(item.opening.event),
            )
            has_ended = self._ends_ms[item.seq] <= docket.now_ms
            handed = hand_out(registry, docket, waiting, has_ended=has_ended)
            (self.handed if handed else self.withheld).add(item.seq)


def _end_ms(item: MailItem) -> int:
    """Returns the end of a grant; an unreadable one has no end, and fails on delivery."""
    try:
        return parse_bare_grant(parse_statement(item.envelope).body).not_after_ms
    except TearlineError:
        return _NEVER_MS


class Acknowledgement:
    """Acknowledgement by a node of its mailbox, up to a place."""

    weight = Weight(statements=0, bytes=0)
    attestations: Mapping[bytes, Attestation] = {}

    def __init__(self, node: str, seq: int) -> None:
        self.source = self._node = node
        self._seq = seq

    def ask(self, registry: Registry, moment: Moment) -> Asked:
        """Returns no lookups."""
        return Asked()

    def judge(self, registry: Registry, docket: Docket) -> None:
        """Records the highest place."""
        reached = min(self._seq, registry.mailboxes.get(self._node, 0))
        docket.acknowledged[self._node] = max(docket.acknowledged.get(self._node, 0), reached)


class Standings:
    """Positions of channels that a restored exchange has lost.

    The recipient signed for each place, so no item that it lacks is skipped.

    Args:
        node: URI of the node that sends on the channels.
        confirmed: The positions, as the node reports them.
    """

    attestations: Mapping[bytes, Attestation] = {}

    def __init__(self, node: str, confirmed: Sequence[Standing]) -> None:
        self.source = self._node = node
        self._confirmed = confirmed
        self.weight = Weight(statements=len(confirmed), bytes=0)

    def ask(self, registry: Registry, moment: Moment) -> Asked:
        """Returns no lookups."""
        return Asked()

    def judge(self, registry: Registry, docket: Docket) -> None:
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
            seq, mark = channels.get(key, (0, 0))
            reached = (max(seq, each.seq), max(mark, each.mark))
            if reached != (seq, mark):
                room -= key not in channels
                channels[key] = docket.channels[key] = reached


class Overdue:
    """Overdue answers to be logged.

    Args:
        exchange: URI of this exchange, the actor of the entries.
        requests: Requests, by manifest id and holder.
    """

    source = OWN
    attestations: Mapping[bytes, Attestation] = {}

    def __init__(self, exchange: str, requests: Sequence[RequestKey]) -> None:
        self._exchange = exchange
        self._requests = requests
        self.weight = Weight(statements=len(requests), bytes=0)

    def ask(self, registry: Registry, moment: Moment) -> Asked:
        """Returns lookups of the requests."""
        return Asked(
            requests=frozenset((packet, holder, holder) for packet, holder in self._requests)
        )

    def judge(self, registry: Registry, docket: Docket) -> None:
        """Logs each answer that is overdue by the log's time."""
        log_overdue(docket, self._requests, self._exchange)


class Retention:
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
        self.weight = Weight(statements=len(order.parties), bytes=0)

    def ask(self, registry: Registry, moment: Moment) -> Asked:
        """Returns lookups of the entries' contents."""
        return Asked(
            entries=frozenset((index, self._order.parties[0]) for index in self._order.indices)
        )

    def judge(self, registry: Registry, docket: Docket) -> None:
        """Logs the order and erases its entries, or does neither."""
        self.erased = erase_due(registry, docket, self._statement, self._order)


class Expiry:
    """Packets that may have ended.

    Args:
        packets: Ids of their manifests.
    """

    source = OWN
    attestations: Mapping[bytes, Attestation] = {}

    def __init__(self, packets: Sequence[bytes]) -> None:
        self._packets = packets
        self.weight = Weight(statements=len(packets), bytes=0)

    def ask(self, registry: Registry, moment: Moment) -> Asked:
        """Returns lookups of the packets."""
        return Asked(ending=frozenset(self._packets))

    def judge(self, registry: Registry, docket: Docket) -> None:
        """Deletes the ciphertexts of each packet that has ended by the log's time."""
        drop_ended(registry, docket, self._packets)


class Note:
    """Events of the exchange itself: searches, counted refusals, acts of the operator."""

    source = OWN
    attestations: Mapping[bytes, Attestation] = {}

    def __init__(self, *events: Event) -> None:
        self._events = events
        self.weight = Weight(statements=len(events), bytes=0)

    def ask(self, registry: Registry, moment: Moment) -> Asked:
        """Returns no lookups."""
        return Asked()

    def judge(self, registry: Registry, docket: Docket) -> None:
        """Logs them, at the log's time."""
        for event in self._events:
            docket.log(replace(event, time_ms=docket.now_ms))
