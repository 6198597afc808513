"""Decisions of persons: stored first, then done; what cannot be done without the exchange waits.

A decision is on the disk before the exchange is asked for anything. It goes from there in the
transaction that signs and queues what it asks for. So a command may be killed at any moment: what
was not signed is done by the next sync of the node, and what was signed is sent by it.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from tearline.errors import (
    EXCHANGE_AWAY,
    ActQueued,
    MailboxFull,
    NotFound,
    NotWitnessed,
    OutcomeUnknown,
    ReleaseChanged,
    StandingStale,
    TearlineError,
    TrustStale,
)
from tearline_client.context import NodeContext
from tearline_client.directory import node_of
from tearline_client.features.packets.disclosure import DisclosureService
from tearline_client.features.packets.review import changed_of
from tearline_client.features.packets.service import PacketService, Persons, Sent
from tearline_client.jobs import ends_round
from tearline_client.outbox.lock import Presence
from tearline_client.outbox.queued_acts import queued
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.store.approvals import (
    Content,
    PendingAnswer,
    PendingConsent,
    PendingField,
    PendingPacket,
)
from tearline_client.store.decisions import Act, Decision, content_of

T = TypeVar("T")
Also = Callable[[], None]
"""Done in the transaction that signs and queues: it drops the decision."""
Carry = Callable[[Decision, Also], Awaitable[object]]
"""Signs and queues what a decision asks for, by what is known now."""

_UNTIL_READ = (TrustStale, NotWitnessed, StandingStale)
"""What passes once the log is read."""


class DecisionService:
    """The desk of decisions, as ``node.decisions``.

    Args:
        context: The node.
        presence: Shown by each process while it does a decision of its own.
        read: Brings the node up to date.
        releasing: How packets are sent.
        disclosures: How one more field is.
    """

    def __init__(
        self,
        context: NodeContext,
        presence: Presence,
        read: Callable[[], Awaitable[None]],
        *,
        releasing: PacketService,
        disclosures: DisclosureService,
    ) -> None:
        self._context = context
        self._presence = presence
        self._read = read
        self._packets = releasing
        self._disclosures = disclosures
        self._carries: dict[str, Carry] = {
            PendingPacket.__name__: self._carry_packets,
            PendingField.__name__: self._carry_field,
        }

    def on(self, desk: str, carry: Carry) -> None:
        """Has decisions of a kind done by whoever knows how.

        Args:
            desk: ``Act.desk``, or the name of the type of a release.
            carry: Does one.
        """
        self._carries[desk] = carry

    async def send(self, plans: Sequence[ReleasePlan], persons: Persons) -> Sent:
        """Sends packets; raises as ``decide`` and ``PacketService.send``."""
        return await self.decide(
            tuple(map(PendingPacket.of, plans)),
            persons,
            lambda done: self._packets.send(plans, persons, also=done),
        )

    async def disclose(
        self, packet_id: bytes, path: str, to: str, persons: Persons, *, repeats: str = ""
    ) -> Sent:
        """Releases one more field; raises as ``decide`` and ``DisclosureService.disclose``."""
        recipient = node_of(self._context.trust, to)
        field = PendingField(packet=packet_id, path=path, recipient=recipient, repeats=repeats)
        return await self.decide(field, persons, lambda done: self._disclose(field, persons, done))

    async def _disclose(self, field: PendingField, persons: Persons, done: Also) -> Sent:
        return await self._disclosures.disclose(
            field.packet, field.path, field.recipient, persons, repeats=field.repeats, also=done
        )

    async def _carry_packets(self, decision: Decision, done: Also) -> object:
        packets: tuple[PendingPacket, ...] = content_of(decision, tuple)
        plans = decided_plans(self._packets, packets)
        return await self._packets.send(plans, persons_of(decision), also=done)

    async def _carry_field(self, decision: Decision, done: Also) -> object:
        field = content_of(decision, PendingField)
        return await self._disclose(field, persons_of(decision), done)

    async def decide(
        self,
        content: Content | Act,
        persons: Persons,
        act: Callable[[Also], Awaitable[T]],
        *,
        read: bool = True,
    ) -> T:
        """Stores a decision, then does it.

        Args:
            content: What is to be done, as it waits.
            persons: Who stands behind it.
            act: Does it now.
            read: Whether the node comes up to date first.

        Returns:
            What ``act`` does.

        Raises:
            ActQueued: If the exchange is away: it is stored, and done by a later sync.
            DecisionsFull: If too much waits.
            TearlineError: If it is refused; then it does not wait either.
        """
        async with self._presence.shown():
            with self._context.stores.database.transaction():
                number = self.store(content, persons)
            missed = await self._missed() if read else None
            return await self.do(number, act, missed=missed, read=not read)

    def store(self, content: Content | Act, persons: Persons) -> int:
        """Stores a decision inside the caller's transaction; returns its number.

        Raises:
            DecisionsFull: If too much waits.
        """
        return self._context.stores.decisions.put(
            content, persons.acted_by, persons.seconded_by, now_ms=self._context.right_ms()
        )

    async def do(
        self,
        number: int,
        act: Callable[[Also], Awaitable[T]],
        *,
        missed: TearlineError | None = None,
        read: bool = False,
    ) -> T:
        """Does a decision that is stored; raises as ``decide``.

        Args:
            number: The decision.
            act: Does it.
            missed: Why the node could not come up to date; None where it has.
            read: Whether it is to come up to date if the decision asks for that.
        """
        store = self._context.stores.decisions
        try:
            return await act(lambda: store.drop(number))
        except _UNTIL_READ as error:
            if read:
                missed = await self._missed()
            if missed is None:
                self._forget_if_here(number)
                raise
            raise queued(self._context, missed, number=number) from error
        except ActQueued:
            raise
        except EXCHANGE_AWAY as error:
            if not store.place(number):
                raise  # it is signed: what keeps it in the outbox is told as it is
            raise queued(self._context, error, number=number) from error
        except TearlineError:
            self._forget_if_here(number)
            raise

    async def _missed(self) -> TearlineError | None:
        """Brings the node up to date; returns why the exchange could not be asked, or None."""
        try:
            await self._read()
        except EXCHANGE_AWAY as error:
            return error
        return None

    def _forget_if_here(self, number: int) -> None:
        with suppress(NotFound), self._context.stores.database.transaction():
            self._context.stores.decisions.drop(number)

    # What waits.

    def waiting(self) -> tuple[Decision, ...]:
        """Every decision that is not signed yet, in order."""
        return self._context.stores.decisions.all()

    def forget(self, number: int) -> None:
        """Forgets a decision that waits: nothing of it was signed.

        Raises:
            NotFound: If none of that number waits.
        """
        with self._context.stores.database.transaction():
            self._context.stores.decisions.drop(number)

    async def run(self) -> None:
        """Does what waits, in order, as far as it can be done now.

        What would now show a partner something else than was decided is stopped, and so is what
        is refused: a person decides again.

        Raises:
            TearlineError: If the exchange is out of reach, or this node is at fault.
        """
        waiting = [each for each in self.waiting() if not each.code]
        if not waiting or self._presence.is_shown():
            return  # of what was read here before, each whose process is alive is done there
        for decision in waiting:
            await self._do(decision)

    async def _do(self, decision: Decision) -> None:
        store = self._context.stores.decisions
        try:
            if decision.lost:
                raise ReleaseChanged("a partner took back what was in it")
            carry = self._carries[_desk(decision.content)]
            await carry(decision, lambda: store.drop(decision.id))
        except (*_UNTIL_READ, OutcomeUnknown, MailboxFull):
            pass  # the next sync tries again
        except NotFound:
            if store.place(decision.id):  # else another process of this node was faster
                self._stop(decision, NotFound.code)
        except ActQueued as error:
            raise (error.__cause__ or error) from None
        except TearlineError as error:
            if ends_round(error):
                raise
            self._stop(decision, error.code)

    def _stop(self, decision: Decision, code: str) -> None:
        with self._context.stores.database.transaction():
            self._context.stores.decisions.stop(decision.id, code)
            self._context.stores.notifications.tell(
                "alarm",
                time_ms=self._context.now_ms(),
                once=b"decision" + decision.id.to_bytes(8),
                code=code,
            )


def persons_of(decision: Decision) -> Persons:
    """Returns who stands behind a decision."""
    return Persons(acted_by=decision.acted_by, seconded_by=decision.seconded_by)


def decided_plans(
    releasing: PacketService, packets: tuple[PendingPacket, ...]
) -> list[ReleasePlan]:
    """Plans packets that were decided on anew.

    Raises:
        ReleaseChanged: If a partner would see something else than was decided.
        TearlineError: If they are not allowed any more.
    """
    plans = [releasing.plan(each.draft, each.recipients) for each in packets]
    verify_unchanged(packets, plans)
    return plans


def verify_unchanged(packets: Sequence[PendingPacket], plans: Sequence[ReleasePlan]) -> None:
    """Checks that plans show partners what was decided, and nothing else.

    Raises:
        ReleaseChanged: If not.
    """
    changed = [c for p, plan in zip(packets, plans, strict=True) for c in changed_of(p, plan)]
    if changed:
        raise ReleaseChanged(f"{len(changed)} fields")


def _desk(content: Content | Act) -> str:
    match content:
        case Act():
            return content.desk
        case tuple():
            return PendingPacket.__name__
        case PendingField() | PendingAnswer() | PendingConsent():
            return type(content).__name__
