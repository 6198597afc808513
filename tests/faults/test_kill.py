"""kill -9 of the exchange and of nodes under load: nothing acknowledged is lost, nothing doubled.

Two agencies send to partners without a pause, and daemons take it in. Processes are killed at
moments drawn uniformly, and started again. Then the load ends, everything comes to rest, and
every acknowledged packet must have reached its application, once.
"""

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest

import soak
from faults.application import CALL_S, receipts_of
from faults.load import SENDERS, Load, loaded, node_rows, rows
from federation import CN, MX, PASSPHRASE, US, copied
from history import What, broken
from tearline.receipt import Status
from tearline_client.keys.home import Home
from tearline_client.keys.keystore import Keystore
from tearline_client.link.transport import GrpcTransport

pytestmark = [pytest.mark.faults, pytest.mark.slow]

HITS = 10 if soak.SOAK_S else 2  # kills that must leave a transaction open
MOST_KILLS = 60  # until so many hit
LONGEST_S = 0.5  # of one round under load, before the kill
MOST_RETRIES = 40
VICTIMS = ("", US, "", MX, "", CN)  # nobody's node: the exchange


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    """The federation after the kills, at rest, with the exchange serving."""
    chance = soak.chance()
    with loaded(copied(tmp_path_factory.mktemp("kill"))) as load:
        under_fire(load, chance)
        load.stop()
        load.settle()
        print(f"kills: {dict(load.kills)}, of which with an open transaction: {dict(load.hits)}")
        yield load


def under_fire(load: Load, chance: random.Random) -> None:
    """Kills and restarts until enough kills hit."""

    def enough(number: int) -> bool:
        return number >= MOST_KILLS or (number >= len(VICTIMS) and load.hits.total() >= HITS)

    for number in soak.rounds("kill", enough):
        load.await_load(*SENDERS)
        time.sleep(chance.uniform(0, LONGEST_S))
        victim = VICTIMS[number % len(VICTIMS)]
        load.kill_node(victim) if victim else load.kill_exchange()


def test_enough_kills_left_a_transaction_open(load: Load) -> None:
    assert load.hits.total() >= HITS


def test_the_history_is_as_promised(load: Load) -> None:
    history = list(load.history())
    seen = Counter(event.what for event in history)
    print({what.value: seen[what] for what in What})
    assert min(seen[what] for what in What) > sum(load.kills.values())
    assert broken(history) == []


def test_everything_is_stored_once(load: Load) -> None:
    manifests = "SELECT s.id FROM statement s JOIN packet p ON p.id = s.id WHERE s.code = ''"
    stored = Counter(rows(load.federation.operator.home / "exchange.db", manifests))
    assert set(stored.values()) == {1}
    for agency in load.federation.agencies.values():
        grants = Counter(node_rows(agency, "SELECT packet, peer, incoming FROM packet_grant"))
        assert set(grants.values()) == {1}
        assert {(packet,) for packet, _, _ in grants} <= stored.keys()


def test_what_was_sealed_before_a_kill_was_sent_after_it(load: Load) -> None:
    for agency in load.federation.agencies.values():
        states = node_rows(agency, "SELECT state, count(*) FROM outbox GROUP BY state")
        assert [state for state, _ in states] == ["accepted"]
        behind = f"SELECT count(*) FROM packet_grant WHERE status < {Status.STORED.value}"
        assert node_rows(agency, behind) == [(0,)]


def test_no_channel_has_a_gap_and_nothing_was_put_aside(load: Load) -> None:
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


def test_no_receipt_without_its_packet(load: Load) -> None:
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


def test_a_retry_has_the_same_receipt(load: Load) -> None:

    async def again(name: str) -> int:
        home = Home(load.federation.agencies[name].home)
        identity = home.tls_identity(Keystore.open(home.keys, PASSPHRASE.encode()))
        transport = GrpcTransport(
            home.trust_list()[1].exchange,
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

    async def all_again() -> list[int]:
        return [await again(name) for name in SENDERS]

    assert sum(asyncio.run(all_again())) >= 1


def test_the_log_verifies(load: Load) -> None:
    assert load.exchange.terminate() == 0
    verified = load.federation.operator.done("verify-log")
    assert verified.out.endswith("entries: all as they were logged\n")
    load.exchange = load.federation.operator.serve()
