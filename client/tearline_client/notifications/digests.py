"""Digests of notices: their number alone, sent by mail or to a webhook at a bounded pace.

A digest has a place of its own in the queue of notices. The place moves on once the digest is
delivered, so a killed node repeats a digest, and loses none. What arrives between two digests is
counted in the next one. A digest that fails for a day is given up until there are further notices;
it is counted in theirs.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from tearline_client.store.notifications import News, NotificationStore
from tearline_runtime.peer_calls import call_peer

POLL_S = 1.0  # notices may come from other processes of the node
PACE_S = 300.0  # between two digests: twelve an hour at most
RETRY_S = (60.0, 300.0, 900.0, *(3600.0,) * 24)  # delays after failures, for a day
TIMEOUT_S = 10.0  # for one step of a delivery
DEADLINE_S = 60.0  # for all that is read in one
MAX_ANSWER = 1 << 18  # bytes that a delivery reads; a receiver has little to say


class Channel(Protocol):
    """A way to a person, or to a program."""

    @property
    def name(self) -> str:
        """Returns its name for the operator, without secrets."""

    @property
    def id(self) -> bytes:
        """Returns its id, 32 bytes: the same after a restart for the same address and events."""

    @property
    def events(self) -> tuple[str, ...]:
        """Returns the events that it counts."""

    def send(self, news: News, now_s: int) -> str:
        """Delivers a digest; returns an empty text, or the fault. Blocks for seconds.

        Args:
            news: The number of notices.
            now_s: The time, Unix seconds.
        """


async def serve_channel(
    store: NotificationStore,
    channel: Channel,
    report: Callable[[str], None],
    now_ms: Callable[[], int],
) -> None:
    """Delivers digests of a channel; never ends.

    Args:
        store: The notices.
        channel: The channel.
        report: Called with each fault, and with the first delivery after one.
        now_ms: Returns the time, Unix milliseconds.

    Raises:
        StoreError: If the node's database cannot be used.
    """
    told, failures = store.begin(channel.id), 0
    given_up = told
    while True:
        news = store.news(told, channel.events)
        if news is None or news.last <= given_up:
            await asyncio.sleep(POLL_S)
            continue
        fault = await call_peer(channel.send, news, now_ms() // 1000)
        if fault:
            pause_s, then = RETRY_S[-1], "Waiting for further notices"
            if failures < len(RETRY_S):
                pause_s = RETRY_S[failures]
                then = f"Retrying in {pause_s:g} s"
            else:
                given_up = news.last
            failures += 1
            report(f"Notices to {channel.name}: {fault}. {then}.")
            await asyncio.sleep(pause_s)
            continue
        if failures:
            report(f"Notices to {channel.name}: delivered again.")
        failures, told = 0, news.last
        store.put_told(channel.id, told)
        await asyncio.sleep(PACE_S)
