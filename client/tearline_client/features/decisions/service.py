"""Decisions of persons: stored first, then done; those that need the exchange may wait.

A decision is stored before any call to the exchange. It is removed in the transaction that signs
and queues its statements. So a command may be killed at any moment: the node's next sync does
unsigned decisions, and sends signed statements.
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
    UploadUnderWay,
)
from tearline.limits import MAX_ROUND_PARTS
from tearline_client.access_log.access_log import AccessLog
from tearline_client.context import NodeContext
from tearline_client.directory import node_of
from tearline_client.features.packets.disclosure import DisclosureService
from tearline_client.features.packets.review import changed_of
from tearline_client.features.packets.service import PacketService, Persons
from tearline_client.jobs import ends_round
from tearline_client.messages.sent import Sent
from tearline_client.outbox.lock import Presence
from tearline_client.outbox.outbox import Outbox
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.store.decisions import Act, Decision, content_of
from tearline_client.store.draft_content import (
    Content,
    PendingAnswer,
    PendingConsent,
    PendingField,
    PendingPacket,
)
from tearline_client.store.on_store import OnStore

T = TypeVar("T")
Carry = Callable[[Decision, OnStore], Awaitable[object]]
"""Signs and queues a decision's statements, by the current state."""

_UNTIL_READ = (TrustStale, NotWitnessed, StandingStale)
"""Errors that pass once the log is read."""


class DecisionService:
    """Service for decisions, as ``node.decisions``.

    Args:
        context: The node.
        presence: Shown by each process while it does its own decision.
        outbox: Synchronises the node.
        access: The node's own access log.
        releasing: Sends packets.
        disclosures: Releases single fields.
    """

    def __init__(
        self,
        context: NodeContext,
        presence: Presence,
        outbox: Outbox,
        *,
        access: AccessLog,
        releasing: PacketService,
        disclosures: DisclosureService,
    ) -> None:
        self._context = context
        self._presence = presence
        self._outbox = outbox
        self._access = access
        self._packets = releasing
        self._disclosures = disclosures
        self._carries: dict[str, Carry] = {
            PendingPacket.__name__: self._carry_packets,
            PendingField.__name__: self._carry_field,
        }

    def on(self, desk: str, carry: Carry) -> None:
        """Registers the function that does decisions of a kind.

        Args:
            desk: ``Act.desk``, or the type name of a release.
            carry: The function.
        """
        self._carries[desk] = carry

    async def send(
        self, plans: Sequence[ReleasePlan], persons: Persons, *, most_parts: int | None = None
    ) -> Sent:
        """Sends packets; raises as ``decide`` and ``PacketService.send``.

        With ``most_parts``, a decision with more parts of large documents is left to later syncs.
        """
        return await self.decide(
            tuple(map(PendingPacket.of, plans)),
            persons,
            lambda on_store: self._packets.send(
                plans, persons, on_store=on_store, most_parts=most_parts
            ),
        )

    async def disclose(
        self, packet_id: bytes, path: str, to: str, persons: Persons, *, repeats: str = ""
    ) -> Sent:
        """Releases one more field; raises as ``decide`` and ``DisclosureService.disclose``."""
        recipient = node_of(self._context.trust, to)
        field = PendingField(packet=packet_id, path=path, recipient=recipient, repeats=repeats)
        return await self.decide(
            field, persons, lambda on_store: self._disclose(field, persons, on_store)
        )

    async def _disclose(self, field: PendingField, persons: Persons, on_store: OnStore) -> Sent:
        return await self._disclosures.disclose(
            field.packet,
            field.path,
            field.recipient,
            persons,
            repeats=field.repeats,
            on_store=on_store,
        )

    async def _carry_packets(self, decision: Decision, on_store: OnStore) -> object:
        packets: tuple[PendingPacket, ...] = content_of(decision, tuple)
        plans = decided_plans(self._packets, packets)
        return await self._packets.send(
            plans, persons_of(decision), on_store=on_store, most_parts=MAX_ROUND_PARTS
        )

    async def _carry_field(self, decision: Decision, on_store: OnStore) -> object:
        field = content_of(decision, PendingField)
        return await self._disclose(field, persons_of(decision), on_store)

    async def decide(
        self,
        content: Content | Act,
        persons: Persons,
        act: Callable[[OnStore], Awaitable[T]],
    ) -> T:
        """Stores a decision, reads the mailbox, then does it.

        A partner's newest suspension so counts before anything is sent. A step is an entry of the
        access log: statements name no person in it. A grant names its persons.

        Args:
            content: The decision, as stored.
            persons: The responsible persons.
            act: Does it now.

        Returns:
            The result of ``act``.

        Raises:
            ActQueued: If the exchange is unreachable: it is stored, and done by a later sync.
            DecisionsFull: If too many decisions wait.
            TearlineError: If it is refused; then it is removed.
        """
        if isinstance(content, Act):
            by = persons.seconded_by or persons.acted_by
            self._access.act(content.name, content.about, packet=content.packet, acted_by=by)
        async with self._presence.shown():
            with self._context.stores.database.transaction():
                number = self.store(content, persons)
            missed = await self._outbox.read_mailbox()
            return await self.do(number, act, missed=missed)

    def store(self, content: Content | Act, persons: Persons) -> int:
        """Stores a decision inside the caller's transaction; returns its number.

        Raises:
            DecisionsFull: If too many decisions wait.
        """
        return self._context.stores.decisions.put(
            content, persons.acted_by, persons.seconded_by, now_ms=self._context.right_ms()
        )

    async def do(
        self,
        number: int,
        act: Callable[[OnStore], Awaitable[T]],
        *,
        missed: TearlineError | None = None,
    ) -> T:
        """Does a stored decision; raises as ``decide``.

        Args:
            number: The decision.
            act: Does it.
            missed: The error that prevented the synchronisation, or None.
        """
        store = self._context.stores.decisions
        try:
            return await act(lambda: store.drop(number))
        except _UNTIL_READ as error:
            if missed is None:
                self.drop(number)
                raise
            raise self._outbox.queued(missed, number=number) from error
        except ActQueued:
            raise
        except EXCHANGE_AWAY as error:
            if not store.place(number):
                raise  # it is signed: report the outbox's own error
            raise self._outbox.queued(error, number=number) from error
        except TearlineError:
            self.drop(number)
            raise

    def drop(self, number: int) -> None:
        """Discards a decision that was refused, if it is still here."""
        with suppress(NotFound), self._context.stores.database.transaction():
            self._context.stores.decisions.drop(number)

    # Waiting decisions.

    def waiting(self) -> tuple[Decision, ...]:
        """Returns every unsigned decision, in order."""
        return self._context.stores.decisions.all()

    def forget(self, number: int, *, person: str = "") -> None:
        """Discards an unsigned decision; an entry of the access log.

        Raises:
            NotFound: If there is no such decision.
            TlsError: If ``person`` is not logged in.
            StoreError: If the entry cannot be written: then the decision waits on.
        """
        decision = next((each for each in self.waiting() if each.id == number), None)
        if decision is None:
            raise NotFound("no decision of that number waits here")
        act = _act_of(decision.content)
        self._access.act(f"forget {act.name}", act.about, packet=act.packet, person=person)
        with self._context.stores.database.transaction():
            self._context.stores.decisions.drop(number)

    async def run(self) -> None:
        """Does waiting decisions in order, as far as possible now.

        A decision that would change a partner's view, or that is refused, is stopped: a person
        decides again.

        Raises:
            TearlineError: If the exchange is unreachable, or this node is at fault.
        """
        waiting = [each for each in self.waiting() if not each.code]
        if not waiting or self._presence.is_shown():
            return  # a live process does its own decisions
        for decision in waiting:
            await self._do(decision)

    async def _do(self, decision: Decision) -> None:
        store = self._context.stores.decisions
        try:
            if decision.lost:
                raise ReleaseChanged("a partner recalled its source")
            carry = self._carries[_desk(decision.content)]
            await carry(decision, lambda: store.drop(decision.id))
        except (*_UNTIL_READ, OutcomeUnknown, MailboxFull, UploadUnderWay):
            pass  # the next sync retries
        except NotFound:
            if store.place(decision.id):  # otherwise another process of this node was faster
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
    """Returns the responsible persons of a decision."""
    return Persons(acted_by=decision.acted_by, seconded_by=decision.seconded_by)


def decided_plans(
    releasing: PacketService, packets: tuple[PendingPacket, ...]
) -> list[ReleasePlan]:
    """Plans decided packets anew.

    Raises:
        ReleaseChanged: If a partner's view would differ from the decision.
        TearlineError: If they are no longer allowed.
    """
    plans = [releasing.plan(each.draft, each.recipients) for each in packets]
    verify_unchanged(packets, plans)
    return plans


def verify_unchanged(packets: Sequence[PendingPacket], plans: Sequence[ReleasePlan]) -> None:
    """Verifies that plans give partners exactly the decided views.

    Raises:
        ReleaseChanged: If not.
    """
    changed = [c for p, plan in zip(packets, plans, strict=True) for c in changed_of(p, plan)]
    if changed:
        raise ReleaseChanged(f"{len(changed)} fields")


def _act_of(content: Content | Act) -> Act:
    """Returns a decision as the access log names it."""
    if isinstance(content, Act):
        return content
    return Act(desk=_desk(content).removeprefix("Pending").lower())


def _desk(content: Content | Act) -> str:
    match content:
        case Act():
            return content.desk
        case tuple():
            return PendingPacket.__name__
        case PendingField() | PendingAnswer() | PendingConsent():
            return type(content).__name__
