"""Requests for records at the exchange: steps in their turn, and what is overdue in the log."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builders import CN, DAY_MS, EXCHANGE, MX, NOW_MS, US, node_of, secret
from exchange_builders import World, address, codes, manifest_id, opened, terms
from requesting import HOUR_MS, PERSON, step
from tearline.agreement import DEFAULT_REPLY_TIMES
from tearline.event import Event, EventCode
from tearline.packet import PacketKind, Urgency
from tearline.receipt import Receipt, Status
from tearline.request.step import Side, StepKind
from tearline.statement import StatementType
from tearline.wire.flow import encode_receipt, parse_event
from tearline.wire.requests import encode_step

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
        await self.world.exchange.log_overdue()
        await self.world.exchange.log_overdue()
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
        assert await world.store.openings_of(event.statement_id, agency)


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
        assert await asked.take(K.EXPIRE, kem_key_id=secret("in other words")) == ""


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
