"""Requests for records at the exchange: steps in their turn, and what is overdue in the log."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.agencies import CN, DAY_MS, EXCHANGE, MX, NOW_MS, US, kem_key, node_of
from support.decisions import admission, leaving
from support.exchange import (
    ARTICLE,
    INSTALLATION,
    Clock,
    World,
    address,
    codes,
    manifest_id,
    opened,
    read_trust,
    terms,
)
from support.requests import HOUR_MS, PERSON, step
from support.stores import openings_of
from support.suspensions import WHOLE, of_article, standing
from tearline.agreements.agreement import DEFAULT_REPLY_TIMES
from tearline.audit.event import Event, EventCode
from tearline.packets.packet import PacketKind, Urgency
from tearline.requests.step import Side, StepKind
from tearline.statements.receipt import Receipt, Status
from tearline.statements.statement import StatementType
from tearline.suspensions.index import SuspensionIndex
from tearline.suspensions.suspension import Suspension
from tearline.wire.grants import encode_receipt, parse_event
from tearline.wire.publications import publication_of
from tearline.wire.requests import encode_step
from tearline.wire.suspensions import encode_standing
from tearline_server.processing.authorship import authored
from tearline_server.processing.batch import Batch
from tearline_server.processing.context import Publisher
from tearline_server.processing.handlers.requests import overdue_id
from tearline_server.processing.process import process
from tearline_server.processing.registry import Registry
from tearline_server.processing.submission import claims_of
from tearline_server.storage.interface import Append, Ask
from tearline_server.storage.lookups import LookupResults
from tearline_server.storage.lookups import Lookups as Wanted
from tearline_server.storage.rows import Head, OpeningRow
from tearline_server.storage.snapshot import Snapshot

K = StepKind
KINDS = ("feedback", "lead", "record-answer", "record-request")


async def agree(world: World, **changed: Any) -> None:
    (article,) = terms().articles
    wider = replace(terms(), articles=(replace(article, kinds=KINDS),))
    await world.agree(terms=wider, **{"authorisation_ms": 5 * DAY_MS, **changed})


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened(tmp_path) as found:
        await agree(found)
        yield found


class Asked:
    """A request of ours to a holder, and its steps."""

    def __init__(self, world: World, request: bytes, holder: str) -> None:
        self.world, self.request, self.holder = world, request, holder
        self.taken = dict.fromkeys(Side, 0)

    async def take(self, kind: StepKind, *, by: str = "", to: str = "", **changes: Any) -> str:
        """Takes a step; returns the code of its refusal, or nothing."""
        side = Side.ASKER if kind.sides == (Side.ASKER,) else Side.HOLDER
        sender, recipient = (US, self.holder) if side is Side.ASKER else (self.holder, US)
        sender, recipient = by or sender, to or recipient
        made = replace(
            step(
                kind,
                changes.pop("number", self.taken[side] + 1),
                changes.pop("known", self.taken[side.other]),
            ),
            header=self.world.parties.node(sender).header,
            address=address(recipient, self.world.seqs.get((sender, recipient), 0) + 1),
            request=changes.pop("request", self.request),
            kem_key_id=changes.pop("kem_key_id", kem_key(node_of(recipient)).id),
            **changes,
        )
        outcome = await self.world.say(sender, StatementType.REQUEST_STEP, encode_step(made))
        (code,) = codes([outcome])
        if not code:
            self.world.seq(sender, recipient)
            self.taken[side] = made.number
        return code

    async def store(self, status: Status = Status.STORED) -> str:
        """The holder's node says that it has the request."""
        mail = next(
            each
            for each in await self.world.read(self.holder)
            if each.statements[0].type is StatementType.GRANT
            and each.statements[1].id == self.request
        )
        receipt = Receipt(
            header=self.world.parties.node(self.holder).header,
            address=address(US, self.world.seq(self.holder, US)),
            about=mail.statements[0].id,
            status=status,
            code="",
            entry=None,
            acted_by=None,
            time_ms=NOW_MS,
        )
        said = await self.world.say(self.holder, StatementType.RECEIPT, encode_receipt(receipt))
        return codes([said])[0]

    async def overdue(self, hours: float) -> list[Event]:
        """What the log says is overdue, so many hours after the grant; also said again."""
        self.world.clock.time_ms = NOW_MS + int(hours * HOUR_MS)
        await self.world.exchange.maintenance.log_overdue()
        await self.world.exchange.maintenance.log_overdue()
        rows = await self.world.store.event_rows(0, limit=1000)
        events = [parse_event(row.event) for row in rows]
        return [event for event in events if event.code is EventCode.OVERDUE]


async def ask(world: World, holder: str = MX, urgency: Urgency = Urgency.EMERGENCY) -> Asked:
    sealed = world.packet(kind=PacketKind.RECORD_REQUEST, urgency=urgency)
    assert codes(await world.send(sealed, world.grant(sealed, holder))) == ["", ""]
    return Asked(world, manifest_id(sealed), holder)


async def test_steps_follow_each_other_and_reach_the_other_side(world: World) -> None:
    asked = await ask(world)
    for kind in (K.ADMIT, K.CLARIFY, K.CLARIFIED, K.PARTIAL, K.ANSWER, K.CLOSE):
        assert await asked.take(kind) == "", kind
    mail = [each.statements[0].type for each in await world.read(US)]
    assert mail.count(StatementType.REQUEST_STEP) == 4
    (event,) = [
        event
        for row in await world.store.event_rows(0, limit=1000)
        if (event := parse_event(row.event)).code is EventCode.REQUEST
        and event.actor == node_of(US)
        and row.idx == len((await world.exchange.entries(0, 0)).entries) - 1
    ]
    assert (event.party, event.packet, event.pseudonym) == (
        node_of(MX),
        asked.request,
        PERSON.pseudonym,
    )


async def test_what_does_not_follow_is_refused_and_changes_nothing(world: World) -> None:
    asked = await ask(world)
    assert await asked.take(K.PARTIAL, number=2) == "TL-RFI-003"
    assert await asked.take(K.PARTIAL, known=1) == "TL-RFI-003"
    assert await asked.take(K.CLOSE) == "TL-RFI-002"
    assert await asked.take(K.ANSWER) == ""
    assert await asked.take(K.WITHDRAW) == "TL-RFI-002"
    assert await asked.take(K.ADMIT) == "TL-RFI-002"


async def test_it_goes_on_from_what_is_stored(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await agree(world)
        asked = await ask(world)
        assert await asked.take(K.CLARIFY) == ""
    async with opened(tmp_path, world.parties) as later:
        later.seqs = world.seqs
        asked.world = later
        assert await asked.take(K.CLARIFY) == "TL-RFI-005"
        assert await asked.take(K.CLARIFIED, permit=True) == ""
        assert await asked.take(K.CLARIFY) == ""


async def test_a_stranger_s_step_and_one_about_nothing_are_refused_alike(world: World) -> None:
    asked = await ask(world, MX)
    strange = await asked.take(K.ADMIT, by=CN)
    nothing = await asked.take(K.ADMIT, by=CN, request=bytes(32))
    assert strange == nothing == "TL-RFI-001"
    assert await asked.take(K.WITHDRAW, to=CN) == "TL-RFI-001"
    assert await asked.take(K.ADMIT, to=CN) == "TL-RFI-001"


async def test_the_same_packet_asked_of_two_makes_two_requests(world: World) -> None:
    sealed = world.packet(kind=PacketKind.RECORD_REQUEST, urgency=Urgency.EMERGENCY)
    grants = [world.grant(sealed, holder) for holder in (CN, MX)]
    assert codes(await world.send(sealed, *grants)) == ["", "", ""]
    of_cn, of_mx = (Asked(world, manifest_id(sealed), holder) for holder in (CN, MX))
    assert await of_cn.take(K.REFUSE) == ""
    assert await of_mx.take(K.ANSWER) == ""
    assert await of_cn.take(K.ADMIT) == "TL-RFI-002"


async def test_more_of_a_request_is_the_same_request(world: World) -> None:
    sealed = world.packet(kind=PacketKind.RECORD_REQUEST, urgency=Urgency.EMERGENCY)
    assert codes(await world.send(sealed, world.grant(sealed, MX))) == ["", ""]
    asked = Asked(world, manifest_id(sealed), MX)
    assert await asked.take(K.ADMIT) == ""
    world.clock.time_ms += HOUR_MS
    again = world.grant(sealed, MX, categories=("finance.amount",))
    assert codes([await world.grant_only(replace(again, openings=()))]) != [""]
    more = world.grant(sealed, MX, address=address(MX, 2))
    assert codes([await world.grant_only(more)]) == [""]
    world.seqs[US, MX] = 2
    assert await asked.take(K.ADMIT) == "TL-RFI-002"


@pytest.mark.parametrize(("stored_at", "due"), [(None, 9), (0.25, 8.25), (5, 9)])
async def test_what_is_overdue_stands_in_the_log_once(
    world: World, stored_at: float | None, due: float
) -> None:
    asked = await ask(world)
    if stored_at is not None:
        world.clock.time_ms = NOW_MS + int(stored_at * HOUR_MS)
        assert await asked.store() == ""
        assert await asked.store(Status.OPENED) == ""
    assert await asked.overdue(due) == []
    (event,) = await asked.overdue(due + 0.001)
    assert (event.actor, event.party, event.counterpart) == (EXCHANGE, node_of(MX), node_of(US))
    assert event.packet == asked.request
    assert await asked.overdue(1000) == [event]
    for agency in (US, MX):
        assert await openings_of(world.store, event.statement_id, agency)


@pytest.mark.parametrize("departed", [MX, US])
async def test_a_request_ends_with_the_departure_of_either_party(
    world: World, departed: str
) -> None:
    asked = await ask(world)
    leave = leaving(await read_trust(world), departed)
    assert codes(await world.publish_signed(departed, leave)) == [""]
    assert await asked.overdue(9.001) == []
    assert await world.store.overdue(NOW_MS + DAY_MS, limit=10) == []


async def test_a_request_of_a_former_generation_stays_ended(world: World) -> None:
    asked = await ask(world)
    leave = leaving(await read_trust(world), MX)
    assert codes(await world.publish_signed(MX, leave)) == [""]
    first, record, second = admission(await read_trust(world), MX, US, CN, generation=2)
    for voter, entry in ((US, first), (US, record), (CN, second)):
        assert codes(await world.publish_signed(voter, entry)) == [""]
    await agree(world, version=2)
    assert await asked.overdue(9.001) == []


@pytest.mark.parametrize("kind", [K.ANSWER, K.REFUSE, K.REJECT, K.WITHDRAW])
async def test_what_has_ended_is_not_overdue(world: World, kind: StepKind) -> None:
    asked = await ask(world)
    assert await asked.take(kind) == ""
    assert await asked.overdue(1000) == []


async def test_a_preservation_is_not_overdue_and_expires(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        short = {**DEFAULT_REPLY_TIMES, Urgency.PRESERVE: 24 * HOUR_MS}
        await agree(world, reply_times=short)
        asked = await ask(world, urgency=Urgency.PRESERVE)
        assert await asked.overdue(24.9) == []
        assert await asked.take(K.EXPIRE) == "TL-RFI-013"
        assert await asked.overdue(25) == []
        # The very words that were refused stay refused.
        assert await asked.take(K.EXPIRE) == "TL-RFI-013"
        assert await asked.take(K.EXPIRE, sealed=b"in other words") == ""


async def test_a_step_sealed_to_no_key_of_its_recipient_is_taken_anew(world: World) -> None:
    asked = await ask(world)
    assert await asked.take(K.ADMIT, kem_key_id=kem_key("another").id) == "TL-GRT-005"
    assert await asked.take(K.ADMIT) == ""


async def test_each_clock_of_a_request_is_told_of(world: World) -> None:
    asked = await ask(world)
    assert await asked.take(K.CONTEST) == ""
    assert len(await asked.overdue(9.5)) == 1
    assert await asked.take(K.LOWER) == ""
    assert len(await asked.overdue(160)) == 1
    assert len(await asked.overdue(169.1)) == 2


async def test_a_question_stops_the_clock(world: World) -> None:
    asked = await ask(world)
    assert await asked.take(K.CLARIFY) == ""
    assert await asked.overdue(100) == []
    assert await asked.take(K.CLARIFIED) == ""
    assert await asked.overdue(107.9) == []
    assert len(await asked.overdue(108.1)) == 1


async def stand(
    world: World, by: str, counter: int, *suspensions: Suspension, lifted: int = 0
) -> None:
    header = world.parties.node(by).header
    said = standing(*suspensions, by=by, counter=counter, lifted=lifted, header=header)
    assert codes([await world.say(by, StatementType.STANDING, encode_standing(said))]) == [""]


@pytest.mark.parametrize("by", [US, MX])
async def test_a_suspension_stops_the_clock_and_a_restart_does_not_start_it(
    tmp_path: Path, by: str
) -> None:
    async with opened(tmp_path) as world:
        await agree(world)
        asked = await ask(world)
        world.clock.time_ms = NOW_MS + 3 * HOUR_MS
        await stand(world, by, 1, WHOLE)
        assert await asked.overdue(9.1) == []  # it is found, and stands still
    clock = Clock(NOW_MS + 3 * HOUR_MS)
    async with opened(tmp_path, world.parties, clock=clock) as later:
        later.seqs, asked.world = world.seqs, later
        assert await asked.overdue(50) == []
        later.clock.time_ms = NOW_MS + 53 * HOUR_MS
        await stand(later, by, 2, lifted=2)
        assert await asked.overdue(59) == []
        (event,) = await asked.overdue(59.001)
        due_ms = NOW_MS + 59 * HOUR_MS
        assert event.statement_id == overdue_id(asked.request, node_of(MX), due_ms)
        assert await asked.overdue(1000) == [event]


async def test_a_suspension_that_nothing_rests_on_is_not_looked_up(world: World) -> None:
    """Of suspended requests none is read before its time, and then once for each change."""
    asked = await ask(world)
    read: list[int] = []
    commit = world.store.commit

    async def counted(ask: Ask, append: Append, *, since: Head | None = None) -> float:
        def noting(head: Head, news: Snapshot | None) -> Wanted:
            wanted = ask(head, news)
            read.append(len(wanted.requests))
            return wanted

        return await commit(noting, append, since=since)

    world.store.commit = counted  # type: ignore[method-assign]  # to see what is asked
    await stand(world, US, 1, WHOLE)
    assert await asked.overdue(8) == []
    assert sum(read) == 0
    for hours in (10, 20, 30):
        assert await asked.overdue(hours) == []
    assert sum(read) == 1
    await stand(world, US, 2, WHOLE)  # said again, which changes nothing
    assert await asked.overdue(40) == []
    assert sum(read) == 1
    await stand(world, US, 3, lifted=3)
    assert await asked.overdue(41) == []
    assert sum(read) == 2
    assert await asked.overdue(48) == []
    assert len(await asked.overdue(50)) == 1


async def test_a_step_sees_the_standing_before_it_in_its_batch(world: World) -> None:
    asked = await ask(world)
    world.clock.time_ms = NOW_MS + 4 * HOUR_MS
    await stand(world, MX, 1, of_article(ARTICLE, sender=US, recipient=MX))
    world.clock.time_ms = NOW_MS + 30 * HOUR_MS
    header = world.parties.node(MX).header
    said = standing(by=MX, counter=2, lifted=2, header=header)
    stood, late = await asyncio.gather(
        world.say(MX, StatementType.STANDING, encode_standing(said)), asked.take(K.CONTEST)
    )
    assert (codes([stood]), late) == ([""], "")
    assert await asked.overdue(35) == []
    assert len(await asked.overdue(35.1)) == 1


async def test_what_is_suspended_when_its_time_is_over_changes_nothing(world: World) -> None:
    asked = await ask(world)
    world.clock.time_ms = NOW_MS + 9 * HOUR_MS
    await stand(world, MX, 1, of_article(ARTICLE, sender=US, recipient=MX))
    assert await asked.take(K.CONTEST) == ""  # in the last moment
    assert len(await asked.overdue(9.5)) == 1
    assert await asked.take(K.AUTHORISE, extension_ms=1) == "TL-RFI-002"


async def test_a_standing_that_was_logged_before_stops_clocks_from_then_on(
    tmp_path: Path,
) -> None:
    """An exchange that lost it, and has its entry back from a mirror, is told of it again."""
    async with opened(tmp_path) as world:
        await agree(world)
        said = standing(WHOLE, by=US, header=world.parties.node(US).header)
        world.clock.time_ms = NOW_MS + 3 * HOUR_MS
        await stand(world, US, 1, WHOLE)
        rows = [r for r in await world.store.event_rows(0, limit=1000) if r.code == "standing"]
        logged = {
            (r.statement, r.code, r.party): OpeningRow(idx=r.idx, salt=r.salt, event=r.event)
            for r in rows
        }
        stored = await world.store.load()
        docket = Batch(
            head=stored.head,
            known=LookupResults(events=logged, is_restored=True),
            now_ms=NOW_MS + 30 * HOUR_MS,
        )
        registry = Registry.restore(INSTALLATION, stored)
        registry.standings = SuspensionIndex()
        tree = world.parties.node(US).sign([(StatementType.STANDING, encode_standing(said))])
        publisher = Publisher(node=node_of(US), agency=US)
        (claim,) = claims_of(publication_of(tree, [0]))
        process(
            [authored(claim, publisher, registry.trust, docket.moment)], publisher, registry, docket
        )
        ((found,),) = docket.changed.values()
        assert (found.time_ms, found.scope) == (NOW_MS + 3 * HOUR_MS, WHOLE.scope)


async def test_the_agreement_s_own_times_count(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        hasty = {**DEFAULT_REPLY_TIMES, Urgency.EMERGENCY: 2 * HOUR_MS}
        await agree(world, reply_times=hasty, authorisation_ms=0)
        asked = await ask(world)
        assert await asked.take(K.AUTHORISE, extension_ms=1) == "TL-RFI-006"
        assert await asked.overdue(2.9) == []
        assert len(await asked.overdue(3.1)) == 1


async def test_a_person_answers_for_data_on_persons(world: World) -> None:
    sealed = world.packet(kind=PacketKind.RECORD_ANSWER)
    named = world.grant(sealed, MX, acted_by=PERSON, address=address(MX, 1))
    nameless = world.grant(sealed, MX, acted_by=None, address=address(MX, 1))
    impersonal = world.grant(
        sealed, CN, acted_by=None, address=address(CN, 1), categories=("finance.amount",)
    )
    assert codes(await world.send(sealed, nameless, impersonal)) == ["", "TL-RFI-008", ""]
    assert codes([await world.grant_only(named)]) == [""]
