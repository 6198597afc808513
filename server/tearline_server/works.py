"""What waits to be committed: publications, deliveries, acknowledgements, overdue answers, orders.

Each says what must be known of the past to do it, and is judged in its turn.
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
    """A piece of work that knows how it is judged."""

    @property
    def source(self) -> str:
        """Whose it is: the URI of a node, or ``OWN``."""
        ...

    @property
    def weight(self) -> Weight:
        """What it takes of the queue."""
        ...

    def ask(self, registry: Registry, moment: Moment) -> Asked:
        """Says what must be known of the past to do it.

        Args:
            registry: Keys and agreements as they stand.
            moment: The place in the log behind which the batch is written.
        """
        ...

    @property
    def attestations(self) -> Mapping[bytes, Attestation]:
        """Attestations that it brings, by hash."""
        ...

    def judge(self, registry: Registry, docket: Docket) -> None:
        """Adds to the docket what must be written."""
        ...


class Submission:
    """A publication on its way.

    Args:
        publisher: Who published it.
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
        """Finds out whose each claim is, and asks for what those that are believed name."""
        self._authored = tuple(
            authored(claim, self._publisher, registry.trust, moment) for claim in self._claims
        )
        return asked_of(self._authored, self._publisher.agency, registry)

    def judge(self, registry: Registry, docket: Docket) -> None:
        """Rules on every claim."""
        self._rulings = judge(self._authored, self._publisher, registry, docket)

    def outcomes(self) -> tuple[Outcome, ...]:
        """What became of each statement, once the batch is durable."""
        return tuple(ruling.outcome() for ruling in self._rulings)


class HandOut:
    """Grants about to be delivered for the first time: the log says so before it happens.

    It is the exchange's own work: who is handed something has asked for nothing more meanwhile.

    Args:
        node: Whose mailbox they are in.
        items: The grants.

    Attributes:
        handed: Places of those that are delivered now.
        withheld: Places of those that are not: suspended, ended or recalled. Any other was
            withdrawn since its mailbox was read: something else stands there now.
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
        """Asks what became of the grants, and what was recalled of their packets."""
        return Asked(
            mail=frozenset((self._node, item.id, item.sender) for item in self._items),
            recalls=frozenset(item.packet for item in self._items if item.packet),
        )

    def judge(self, registry: Registry, docket: Docket) -> None:
        """Logs the delivery of each, unless another stream of the node was faster."""
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
    """When a grant ends; one that cannot be read does not, and is found out when it is sent."""
    try:
        return parse_bare_grant(parse_statement(item.envelope).body).not_after_ms
    except TearlineError:
        return _NEVER_MS


class Acknowledgement:
    """A node has taken its mailbox in, up to a place."""

    weight = Weight(statements=0, bytes=0)
    attestations: Mapping[bytes, Attestation] = {}

    def __init__(self, node: str, seq: int) -> None:
        self.source = self._node = node
        self._seq = seq

    def ask(self, registry: Registry, moment: Moment) -> Asked:
        """Asks for nothing."""
        return Asked()

    def judge(self, registry: Registry, docket: Docket) -> None:
        """Keeps the highest place."""
        reached = min(self._seq, registry.mailboxes.get(self._node, 0))
        docket.acknowledged[self._node] = max(docket.acknowledged.get(self._node, 0), reached)


class Standings:
    """How far channels had come that a restored exchange knows less of.

    The place is one that the recipient signed for: nothing is passed over that it lacks.

    Args:
        node: Whose channels.
        confirmed: As the node says.
    """

    attestations: Mapping[bytes, Attestation] = {}

    def __init__(self, node: str, confirmed: Sequence[Standing]) -> None:
        self.source = self._node = node
        self._confirmed = confirmed
        self.weight = Weight(statements=len(confirmed), bytes=0)

    def ask(self, registry: Registry, moment: Moment) -> Asked:
        """Asks for nothing."""
        return Asked()

    def judge(self, registry: Registry, docket: Docket) -> None:
        """Takes what is higher.

        Of an agreement that was lost nothing is known, so whatever is named may be one: but the
        node has no more channels than it may.
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
    """Answers that were not given in time: the log says so.

    Args:
        exchange: URI of this exchange, which says it.
        requests: By manifest id and holder.
    """

    source = OWN
    attestations: Mapping[bytes, Attestation] = {}

    def __init__(self, exchange: str, requests: Sequence[RequestKey]) -> None:
        self._exchange = exchange
        self._requests = requests
        self.weight = Weight(statements=len(requests), bytes=0)

    def ask(self, registry: Registry, moment: Moment) -> Asked:
        """Asks how far the requests have come."""
        return Asked(
            requests=frozenset((packet, holder, holder) for packet, holder in self._requests)
        )

    def judge(self, registry: Registry, docket: Docket) -> None:
        """Logs each that is overdue by the log's time."""
        log_overdue(docket, self._requests, self._exchange)


class Retention:
    """An order of the exchange's own, to erase what an agreement lets the log keep no longer.

    Args:
        signed: The order's statement.
        order: What it says.

    Attributes:
        erased: Whether it was carried out: not where something changed since it was drawn up.
    """

    source = OWN

    def __init__(self, signed: Signed, order: Erasure) -> None:
        self._statement = signed.statement
        self._order = order
        self.erased = False
        self.attestations: Mapping[bytes, Attestation] = signed.attestations
        self.weight = Weight(statements=len(order.parties), bytes=0)

    def ask(self, registry: Registry, moment: Moment) -> Asked:
        """Asks what the entries hide."""
        return Asked(
            entries=frozenset((index, self._order.parties[0]) for index in self._order.indices)
        )

    def judge(self, registry: Registry, docket: Docket) -> None:
        """Logs the order and erases by it, or does nothing."""
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
        """Asks for the packets."""
        return Asked(ending=frozenset(self._packets))

    def judge(self, registry: Registry, docket: Docket) -> None:
        """Deletes the ciphertexts of each that has ended by the log's time."""
        drop_ended(registry, docket, self._packets)


class Note:
    """Events of the exchange's own: a search, refusals counted, an operator's act."""

    source = OWN
    attestations: Mapping[bytes, Attestation] = {}

    def __init__(self, *events: Event) -> None:
        self._events = events
        self.weight = Weight(statements=len(events), bytes=0)

    def ask(self, registry: Registry, moment: Moment) -> Asked:
        """Asks for nothing."""
        return Asked()

    def judge(self, registry: Registry, docket: Docket) -> None:
        """Logs them, at the log's time."""
        for event in self._events:
            docket.log(replace(event, time_ms=docket.now_ms))
