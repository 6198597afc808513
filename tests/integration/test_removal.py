"""An agency is removed while nodes send over open connections: no accepted mail is lost."""

import asyncio
from collections import defaultdict
from pathlib import Path

import pytest

from support.agencies import CN, MX, US
from support.decisions import removal
from support.exchange import codes
from support.exchange_process import OWN_LINE, Served, founded
from support.leads import agree, lead
from tearline.audit.event import EventCode
from tearline.errors import (
    ExchangeUnreachable,
    MembershipEnded,
    PartyDeparted,
    SignerUnknown,
    TearlineError,
)
from tearline.verification.log_entries import parse_entry
from tearline.verification.trust import TrustState
from tearline.wire.grants import parse_event
from tearline.wire.publications import Publication
from tearline_server.storage.open import open_store

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/client/cli/test_membership_commands.py::test_sending_is_refused"
    ),
]

AT_LEAST = 5  # accepted in each channel before the removal
AT_MOST = 2_000


class Mail:
    """Packets of one sender, sent over one connection until the exchange refuses one.

    Attributes:
        accepted: Ids of the accepted grants, by recipient.
        refused: Codes of the refusal that ended it.
    """

    def __init__(self, served: Served, sender: str, *recipients: str) -> None:
        self._served = served
        self._sender, self._recipients = sender, recipients
        self.accepted: dict[str, list[bytes]] = {each: [] for each in recipients}
        self.refused: set[str] = set()
        self.flows = asyncio.Event()

    async def send(self) -> None:
        async with self._served.client(self._sender) as client:
            for seq in range(1, AT_MOST):
                publication = lead(self._served, seq, *self._recipients, sender=self._sender)
                try:
                    outcomes = await client.publish(publication)
                except TearlineError as error:
                    self.refused = {error.code}
                    break
                if any(codes(outcomes)):
                    self.refused = {*codes(outcomes)}
                    break
                for recipient, outcome in zip(self._recipients, outcomes[1:], strict=True):
                    self.accepted[recipient].append(outcome.about)
                if seq >= AT_LEAST:
                    self.flows.set()
        self.flows.set()  # also if it ended before


async def state_of(served: Served) -> TrustState:
    state = TrustState(federation=served.federation)
    async with served.client(US) as client:
        start = 0
        while entries := (await client.entries(start)).entries:
            for index, entry in enumerate(entries, start):
                if (parsed := parse_entry(entry)) is not None:
                    state.apply(index, parsed)
            start += len(entries)
    return state


async def events_of(served: Served) -> dict[bytes, list[EventCode]]:
    """The codes of all events, by statement, after the exchange has stopped."""
    store, found = await open_store(served.config), defaultdict[bytes, list[EventCode]](list)
    for row in await store.event_rows(0, limit=100_000):
        event = parse_event(row.event)
        found[event.statement_id].append(event.code)
    await store.close()
    return found


async def test_no_accepted_mail_is_lost_where_an_agency_is_removed(tmp_path: Path) -> None:
    served = await founded(tmp_path / "exchange", [US, CN, MX])
    await served.start()
    await agree(served)
    votes = removal(await state_of(served), MX, US, CN)
    mails = [Mail(served, *way) for way in ((MX, CN), (US, CN, MX))]
    async with served.client(MX) as mx, served.client(US) as us, served.client(CN) as cn:
        waiting = mx.subscribe()
        await anext(waiting)  # the stream is open
        async with asyncio.TaskGroup() as tasks:
            for mail in mails:
                tasks.create_task(mail.send())
            for mail in mails:
                await mail.flows.wait()
            for client, vote in zip((us, cn), votes, strict=True):
                assert codes(await client.publish(Publication(signed=(vote,)))) == [""]
        # A call that was admitted before is judged behind the last vote.
        assert mails[0].refused & {MembershipEnded.code, SignerUnknown.code}
        assert PartyDeparted.code in mails[1].refused
        with pytest.raises(MembershipEnded):
            async for _ in waiting:
                pass
        with pytest.raises(MembershipEnded):
            await mx.entries()
        received = {each.statements[0].id for each in await cn.waiting()}
        notified = {each.statements[0].id for each in await us.waiting()}
    async with served.client(MX, options=OWN_LINE) as mx:
        with pytest.raises(ExchangeUnreachable):
            await mx.entries()
    await served.stop()
    events = await events_of(served)
    from_mx, to_cn, to_mx = mails[0].accepted[CN], mails[1].accepted[CN], mails[1].accepted[MX]
    for grant in (*from_mx, *to_cn, *to_mx):
        ends = {EventCode.GRANT_DELIVERED, EventCode.RETURNED} & set(events[grant])
        assert len(ends) == 1, (grant, events[grant])
    assert set(to_cn) <= received
    for grant in from_mx:
        assert (grant in received) == (EventCode.GRANT_DELIVERED in events[grant])
    for grant in to_mx:
        assert (grant in notified) == (EventCode.RETURNED in events[grant])
