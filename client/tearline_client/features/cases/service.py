"""Casework: the node's part in cases led by us or by a partner.

Decisions of persons are sent at once. Their consequences (admissions, questions, member lists) are
sent while the node runs. Each step is decided in the transaction that stores it, from the current
state: another process of this node may have sent a step since the person looked.
"""

import secrets
from collections.abc import Iterable
from dataclasses import replace

from tearline.agreements.agreement import Agreement
from tearline.cases.case import CASE_ID_SIZE, CaseFile, CaseNote, Membership, Phase
from tearline.errors import (
    CaseRefused,
    CaseTitleRefused,
    CaseUnknown,
    NameAmbiguous,
    NotFound,
    OutcomeUnknown,
    RefusedOtherwise,
    error_by_code,
)
from tearline.identity import agency_uri_of
from tearline.statements.statement import ActedBy
from tearline.text.choices import ID_SHOWN, matched, one_of
from tearline_client.context import NodeContext
from tearline_client.directory import node_of
from tearline_client.features.cases import timeline
from tearline_client.features.cases.handler import queue_step, tell_members
from tearline_client.features.cases.timeline import CaseEvent
from tearline_client.features.cases.views import (
    CaseView,
    reading_id,
    view_joined,
    view_led,
    with_agency,
)
from tearline_client.features.packets.free_text import FreeText
from tearline_client.store.cases import LedCase
from tearline_client.store.on_store import OnStore


class CaseService:
    """The node's service for cases.

    Args:
        context: The node.
        words: Checks texts for partners.
    """

    def __init__(self, context: NodeContext, words: FreeText) -> None:
        self._context = context
        self._words = words
        self._decided: list[int] = []

    # Reading.

    def all(self) -> tuple[CaseView, ...]:
        """Returns every case, those of ours first, by title."""
        stores = self._context.stores
        led = (view_led(stores.cases, each) for each in stores.cases.led())
        joined = (view_joined(stores.cases, said) for said in stores.cases.joined())
        return (
            *sorted(led, key=lambda view: view.title),
            *sorted(joined, key=lambda view: view.title),
        )

    def find(self, name: str) -> CaseView:
        """Returns the case with that id, title or beginning of an id.

        A title, which a lead chooses, never counts as another case's id. Two matches are refused.

        Raises:
            NotFound: If there is none; lists the nearest title.
            NameAmbiguous: If there are several; lists their ids.
        """
        cases = self.all() if name else ()
        exact = [view for view in cases if view.id.hex() == name.lower()]
        found = exact or [
            v for v in cases if v.title == name or v.id.hex().startswith(name.lower())
        ]
        if len(found) > 1:
            ids = (f"{view.id.hex()[:ID_SHOWN]} ({view.title})" for view in found)
            raise NameAmbiguous(matched(name, "title or id", ids))
        if not found:
            raise NotFound(one_of(name, "case", dict.fromkeys(view.title for view in cases)))
        return found[0]

    def reference(self, name: str) -> str:
        """Returns the reference to a case in a packet's manifest: the case's id.

        Args:
            name: Its title or id, or the beginning of its id; empty for no case.

        Raises:
            CaseUnknown: If there is none. The exchange reads a manifest, so it may hold no other
                text.
            NameAmbiguous: If there are several.
        """
        try:
            return self.find(name).id.hex() if name else ""
        except NotFound as missing:
            raise CaseUnknown(missing.why) from None

    def timeline(self, view: CaseView) -> tuple[CaseEvent, ...]:
        """Returns the known events of a case and of its filed packets, in log order."""
        return timeline.timeline_of(self._context, view)

    async def timeline_in_steps(self, view: CaseView) -> tuple[CaseEvent, ...]:
        """Returns the same as ``timeline``, and gives other work its turn meanwhile."""
        return await timeline.timeline_in_steps(self._context, view)

    def packets(self, view: CaseView) -> tuple[bytes, ...]:
        """Returns the ids of the packets filed under a case by agencies ever seen in it."""
        return timeline.packets_of(self._context, view)

    # Acts of the lead.

    def open(
        self,
        agreement: Agreement,
        title: str,
        partners: Iterable[str],
        *,
        summary: str = "",
        hidden: Iterable[tuple[str, str]] = (),
        repeats: str = "",
        case_id: bytes = b"",
        acted_by: ActedBy | None = None,
        on_store: OnStore = lambda: None,
    ) -> bytes:
        """Opens a case and invites partners; sent by the next ``sync``.

        Args:
            agreement: The agreement of the case.
            title: Its name, for members.
            partners: Agencies or nodes, by name.
            summary: Its subject, for members.
            hidden: Pairs of agencies, by name, that must not see each other.
            repeats: The reason to repeat values that a partner may not have in clear.
            case_id: Its id; by default a new one.
            acted_by: The person who opens it.
            on_store: Runs in the transaction that stores the case, as for each act here.

        Returns:
            The case's id.

        Raises:
            AgreementNotInForce: If it is not in force, or a partner is not a party.
            ValueRepeated: If title or summary repeat values that a partner may not have, without a
                reason.
            CaseTitleRefused: If the title is empty, or in use here.
        """
        led = LedCase(
            id=case_id or secrets.token_bytes(CASE_ID_SIZE),
            agreement_id=agreement.id,
            file=CaseFile(lead=self._context.agency, title=title, summary=summary),
            nodes={},
        )
        for pair in hidden:
            led = self._hiding(led, *pair)
        for partner in partners:
            led = self._inviting(led, agreement, partner)
        told = [node for node in led.nodes.values() if self._repeats(led, node, repeats)]
        with self._context.stores.database.transaction():
            self._verify_title(title)
            on_store()
            self._context.stores.cases.put_file(led)
            self._decided.extend(tell_members(self._context, led, acted_by))
            for node in told:
                self._words.keep(reading_id(led.id, node), repeats)
        return led.id

    def invite(
        self,
        view: CaseView,
        partner: str,
        *,
        hidden_from: Iterable[str] = (),
        repeats: str = "",
        acted_by: ActedBy | None = None,
        on_store: OnStore = lambda: None,
    ) -> None:
        """Invites one more partner to a case of ours.

        Raises:
            ValueRepeated: If title or summary repeat values that it may not have, without a reason.
            CaseRefused: If the case is not ours, is closed, or the partner was invited before.
            AgreementNotInForce: If the partner is not a party to its agreement.
        """
        agreement = self._context.stores.agreements.newest(view.agreement_id)
        node = node_of(self._context.trust, partner)
        is_repeated = self._repeats(self._ours(view), node, repeats)
        with self._context.stores.database.transaction():
            on_store()
            led = self._ours(view)
            for other in hidden_from:
                led = self._hiding(led, partner, other)
            led = self._inviting(led, agreement, partner)
            self._context.stores.cases.put_file(led)
            self._decided.extend(tell_members(self._context, led, acted_by))
            if is_repeated:
                self._words.keep(reading_id(led.id, node), repeats)

    def _repeats(self, led: LedCase, node: str, repeats: str) -> bool:
        """Returns whether title or summary repeat values kept from a node, with a reason."""
        return self._words.verify([led.file.title, led.file.summary], node, repeats)

    def reasons(self, view: CaseView) -> tuple[str, ...]:
        """Returns the reasons for repeated values in title and summary, each once."""
        led = self._context.stores.cases.file(view.id)
        nodes = () if led is None else led.nodes.values()
        said = (
            self._context.stores.repeats.of_statement(reading_id(view.id, node)) for node in nodes
        )
        return tuple(dict.fromkeys(filter(None, said)))

    def close(
        self, view: CaseView, *, acted_by: ActedBy | None = None, on_store: OnStore = lambda: None
    ) -> None:
        """Closes a case of ours permanently, for all members.

        Raises:
            CaseRefused: If it is not ours, or is closed already.
        """
        with self._context.stores.database.transaction():
            on_store()
            led = self._ours(view)
            led = replace(led, file=replace(led.file, closed=True))
            self._context.stores.cases.put_file(led)
            self._decided.extend(tell_members(self._context, led, acted_by))

    # Acts of a member.

    def join(
        self, view: CaseView, *, acted_by: ActedBy | None = None, on_store: OnStore = lambda: None
    ) -> None:
        """Accepts an invitation, and the joining agencies named in ``view``.

        Raises:
            CaseRefused: If there is no open invitation.
        """
        with self._context.stores.database.transaction():
            on_store()
            self._verify_invited(view)
            self._answer(view, Phase.ACCEPTED, CaseNote(consents=view.asked), acted_by)

    def decline(
        self, view: CaseView, *, acted_by: ActedBy | None = None, on_store: OnStore = lambda: None
    ) -> None:
        """Declines an invitation permanently.

        Raises:
            CaseRefused: If there is no open invitation.
        """
        with self._context.stores.database.transaction():
            on_store()
            self._verify_invited(view)
            self._answer(view, Phase.DECLINED, CaseNote(), acted_by)

    def leave(
        self, view: CaseView, *, acted_by: ActedBy | None = None, on_store: OnStore = lambda: None
    ) -> None:
        """Leaves a case permanently.

        Raises:
            CaseRefused: If this agency is not in it, or leads it.
        """
        with self._context.stores.database.transaction():
            on_store()
            self._verify_in(view)
            self._answer(view, Phase.LEFT, CaseNote(), acted_by)

    def answer(
        self,
        view: CaseView,
        agency: str,
        *,
        consent: bool,
        acted_by: ActedBy | None = None,
        on_store: OnStore = lambda: None,
    ) -> None:
        """Consents or objects to an agency's joining.

        Args:
            view: The case.
            agency: The agency, by name or URI.
            consent: Whether it may join.
            acted_by: The deciding person.
            on_store: As in ``open``.

        Raises:
            CaseRefused: If this agency is not in the case, or was not asked about that agency.
        """
        uri = self._agency(agency)
        with self._context.stores.database.transaction():
            on_store()
            if uri not in self._verify_in(view).asked:
                raise CaseRefused("the lead has not asked about that agency")
            last = self._context.stores.cases.latest(view.id, view.lead, mine=True)
            said = last.note if last else CaseNote()
            note = CaseNote(
                consents=with_agency(said.consents, uri, wanted=consent),
                objections=with_agency(said.objections, uri, wanted=not consent),
            )
            self._answer(view, Phase.ACCEPTED, note, acted_by)

    def verify_taken(self) -> None:
        """Verifies that the exchange accepted the decisions since the last call.

        Raises:
            TearlineError: The refusal, or ``OutcomeUnknown`` without an answer.
        """
        decided, self._decided = self._decided, []
        for item in map(self._context.stores.outbox.item, decided):
            if item is not None and item.code:
                raise (error_by_code(item.code) or RefusedOtherwise)(item.why)
            if item is not None and item.is_waiting:
                raise (error_by_code(item.fault) or OutcomeUnknown)("it waits in the outbox")

    def _answer(
        self, view: CaseView, phase: Phase, note: CaseNote, acted_by: ActedBy | None
    ) -> None:
        invited = self._context.stores.cases.latest(view.id, view.lead, mine=False)
        if invited is None:
            raise CaseRefused
        node = invited.step.header.signer
        said = queue_step(self._context, view.id, view.agreement_id, node, phase, note, acted_by)
        self._decided.extend(said)

    def _ours(self, view: CaseView) -> LedCase:
        led = self._context.stores.cases.file(view.id)
        if led is None or led.file.closed:
            raise CaseRefused
        return led

    def _verify_invited(self, view: CaseView) -> None:
        if self._as_partner(view).standing is not Membership.INVITED:
            raise CaseRefused("there is no open invitation")

    def _verify_in(self, view: CaseView) -> CaseView:
        now = self._as_partner(view)
        if now.standing not in (Membership.IN, Membership.WAITING):
            raise CaseRefused
        return now

    def _as_partner(self, view: CaseView) -> CaseView:
        """Returns the current state of a case led by another agency."""
        cases = self._context.stores.cases
        said = None if cases.file(view.id) else cases.lead(view.id)
        if said is None:
            raise CaseRefused
        return view_joined(cases, said)

    def _verify_title(self, title: str) -> None:
        """Verifies that a title identifies a case.

        Raises:
            CaseTitleRefused: If it is empty, or in use here.
        """
        folded = title.strip().casefold()
        if not folded:
            raise CaseTitleRefused("the title is empty")
        if same := [each for each in self.all() if each.title.strip().casefold() == folded]:
            raise CaseTitleRefused(f"case {same[0].id.hex()[:ID_SHOWN]} has this title")

    def _hiding(self, led: LedCase, one: str, other: str) -> LedCase:
        pair = frozenset({self._agency(one), self._agency(other)})
        if len(pair) != 2 or led.file.lead in pair:
            raise CaseRefused("only two members other than the lead can be hidden from each other")
        return replace(led, file=replace(led.file, hidden=led.file.hidden | {pair}))

    def _inviting(self, led: LedCase, agreement: Agreement, partner: str) -> LedCase:
        agreement.verify_in_force(self._context.now_ms())
        node = node_of(self._context.trust, partner)
        agency = agency_uri_of(node)
        if agency not in agreement.terms.parties or agency == led.file.lead:
            raise CaseRefused("a partner must be another party to the case's agreement")
        if agency in led.nodes:
            raise CaseRefused("that agency was invited before")
        return replace(led, nodes={**led.nodes, agency: node})

    def _agency(self, name: str) -> str:
        return agency_uri_of(node_of(self._context.trust, name)) if "://" not in name else name
