"""kill -9 of the exchange and of nodes under load: nothing acknowledged is lost, nothing doubled.

Two agencies send to partners without a pause, and daemons take it in. Processes are killed at
moments drawn uniformly, every third time at the next open transaction, and started again. Then
the load ends, everything comes to rest, and every acknowledged packet must have reached its
application, once.
"""

import asyncio
import itertools
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from faults import soak
from faults.application import CALL_S, receipts_of
from faults.history import What, broken
from faults.load import SENDERS, Load, loaded, node_rows, rows
from support.federation import CN, MX, PASSPHRASE, US, copied
from tearline.statements.receipt import Status
from tearline_client.keys.home import Home
from tearline_client.keys.keystore import Keystore
from tearline_client.transport.grpc import GrpcTransport

pytestmark = [pytest.mark.faults, pytest.mark.slow]

HITS = 10 if soak.SOAK_S else 2  # kills that must leave a transaction open
AIMED = 3  # every so manieth kill waits for one
MOST_KILLS = 60  # until so many hit
LONGEST_S = 0.5  # of one round under load, before the kill
MOST_RETRIES = 40
VICTIMS = ("", US, "", MX, "", CN)  # nobody's node: the exchange


def test_nothing_acknowledged_is_lost_or_doubled(tmp_path: Path) -> None:
    with loaded(copied(tmp_path)) as load:
        under_fire(load, soak.chance())
        load.stop()
        load.settle()
        print(f"kills: {dict(load.kills)}, of which with an open transaction: {dict(load.hits)}")
        assert load.hits.total() >= HITS
        verify_history(load)
        verify_stored_once(load)
        verify_sent(load)
        verify_channels(load)
        verify_receipts(load)
        assert sum(asyncio.run(sent_again(load, name)) for name in SENDERS) >= 1
    verified = load.federation.operator.done("verify-log")
    assert verified.out.endswith("entries: all as they were logged\n")


def under_fire(load: Load, chance: random.Random) -> None:
    """Kills and restarts until enough kills hit."""

    def enough(number: int) -> bool:
        return number >= MOST_KILLS or (number >= len(VICTIMS) and load.hits.total() >= HITS)

    for number in soak.rounds("kill", enough):
        load.await_load(*SENDERS)
        time.sleep(chance.uniform(0, LONGEST_S))
        victim, aimed = VICTIMS[number % len(VICTIMS)], number % AIMED == AIMED - 1
        load.kill_node(victim, aimed=aimed) if victim else load.kill_exchange(aimed=aimed)


def verify_history(load: Load) -> None:
    """Every packet went through what is promised, as each of its witnesses tells."""
    history = list(load.history())
    seen = Counter(event.what for event in history)
    print({what.value: seen[what] for what in What})
    assert min(seen[what] for what in What) > sum(load.kills.values())
    assert broken(history) == []


def verify_stored_once(load: Load) -> None:
    """Neither the exchange nor a node holds anything twice, or what the exchange does not."""
    manifests = "SELECT s.id FROM statement s JOIN packet p ON p.id = s.id WHERE s.code = ''"
    stored = Counter(rows(load.federation.operator.home / "exchange.db", manifests))
    assert set(stored.values()) == {1}
    for agency in load.federation.agencies.values():
        grants = Counter(node_rows(agency, "SELECT packet, peer, incoming FROM packet_grant"))
        assert set(grants.values()) == {1}
        assert {(packet,) for packet, _, _ in grants} <= stored.keys()


def verify_sent(load: Load) -> None:
    """What was sealed before a kill was sent after it, and was taken."""
    for agency in load.federation.agencies.values():
        states = node_rows(agency, "SELECT state, count(*) FROM outbox GROUP BY state")
        assert [state for state, _ in states] == ["accepted"]
        behind = f"SELECT count(*) FROM packet_grant WHERE status < {Status.STORED.value}"
        assert node_rows(agency, behind) == [(0,)]


def verify_channels(load: Load) -> None:
    """No channel has a gap, and nothing was put aside."""
    agencies = load.federation.agencies.values()
    for agency in agencies:
        assert node_rows(agency, "SELECT code, why FROM quarantine") == []
        assert node_rows(agency, "SELECT * FROM channel_ahead") == []
    sent = {
        (agency.node, peer): seq
        for agency in agencies
        for peer, seq in node_rows(agency, "SELECT recipient, seq FROM channel_out")
    }
    received = {
        (peer, agency.node): contiguous
        for agency in agencies
        for peer, contiguous in node_rows(agency, "SELECT sender, contiguous FROM channel_in")
    }
    assert len(sent) == 6
    assert sent == received


def verify_receipts(load: Load) -> None:
    """There is no receipt without its packet."""
    federation = load.federation
    exchange = federation.operator.home / "exchange.db"
    known = {about.hex(): code for about, code in rows(exchange, "SELECT id, code FROM statement")}
    incoming = "SELECT statement_id FROM packet_grant WHERE incoming = 1"
    stored = {
        grant.hex()
        for agency in federation.agencies.values()
        for (grant,) in node_rows(agency, incoming)
    }
    receipts = list(
        itertools.chain.from_iterable(
            node_rows(federation.agencies[name], "SELECT about, status FROM receipt")
            for name in SENDERS
        )
    )
    assert len(receipts) > sum(load.kills.values())
    for about, status in receipts:
        assert known[about.hex()] == ""
        assert status < Status.STORED or about.hex() in stored


async def sent_again(load: Load, name: str) -> int:
    """Sends messages once more, which must have the same receipts.

    Returns:
        How many of all had a kill take their first answer.
    """
    home = Home(load.federation.agencies[name].home)
    identity = home.tls_identity(Keystore.open(home.keys, PASSPHRASE.encode()))
    transport = GrpcTransport(
        lambda: [home.pinned().members.exchange],
        identity,
        timeout_s=CALL_S,
        address=load.federation.operator.address,
    )
    messages = load.journal(name).with_suffix(".messages")
    unanswered = {note["message"] for note in load.notes(name, "unanswered")}
    answers = {n["message"]: n["receipts"] for n in load.notes(name, "answered")}
    # Those that a kill left without an answer first; then others.
    for message in sorted(answers, key=lambda m: m not in unanswered)[:MOST_RETRIES]:
        reply = await transport.publish((messages / message).read_bytes())
        assert receipts_of(reply) == answers[message]
    await transport.close()
    return len(unanswered & set(answers))
