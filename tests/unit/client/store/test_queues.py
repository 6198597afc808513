"""What the node's store finds by queues, flags and ranges is what it found by reading all."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from support.agencies import secret
from tearline.errors import CosignatureAwaited, NameAmbiguous, NotFound
from tearline.identity import agency_uri_of
from tearline.packets.correction import line_of, superseded
from tearline.requests.step import Side
from tearline.statements.receipt import Status
from tearline_client.store.awaiting_cosignature import AwaitingCosignatureStore, WaitingGrant
from tearline_client.store.case_files import CaseFileStore
from tearline_client.store.corrections import CorrectionStore
from tearline_client.store.database import Database
from tearline_client.store.packets import PacketStore
from tearline_client.store.requests import RequestStore, StoredRequest
from tearline_client.store.suspensions import SuspensionStore
from tearline_client.store.vault import Vault

VAULT = Vault(secret("vault"))
US, MX = "spiffe://us.example/node/a", "spiffe://mx.example/node/b"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(tmp_path / "node.db", VAULT)
    yield database
    database.close()


def put(database: Database, packet: bytes, origin: str = US) -> None:
    database.execute("INSERT INTO packet VALUES (?, ?, 1, x'', x'')", (packet, origin))


def test_a_packet_is_found_by_the_beginning_of_its_id_alone(database: Database) -> None:
    packets = PacketStore(database)
    ids = [bytes.fromhex(text.ljust(64, "0")) for text in ("ab1", "ab2", "ac", "ff" * 32)]
    for packet in ids:
        put(database, packet)
    for prefix, found in {"ab1": 0, "AB2": 1, "ac": 2, "f": 3, "ff" * 32: 3}.items():
        assert packets.find(prefix) == ids[found]
    for prefix in ("a", "ab"):
        with pytest.raises(NameAmbiguous):
            packets.find(prefix)
    for prefix in ("", "ae", "0", "xy", "ab1 ", "%", "ff" * 33, "\u0661"):
        with pytest.raises(NotFound):
            packets.find(prefix)


def waiting_grant(name: bytes, **changed: object) -> WaitingGrant:
    base = {"id": name * 32, "packet": b"\xab" * 32, "sender": MX, "time_ms": 1}
    return WaitingGrant(**(base | {"entry": 7, "ends_ms": 100} | changed))  # type: ignore[arg-type]


def test_grants_are_due_once_cosigned_ended_or_recalled(database: Database) -> None:
    waiting, agency = AwaitingCosignatureStore(database), agency_uri_of(MX)
    for number, name in enumerate((b"1", b"2", b"3")):
        waiting.put(waiting_grant(name, entry=7 + number, ends_ms=100 + number), b"delivery")
    waiting.put(waiting_grant(b"4", packet=b"p" * 32, sender=US, ends_ms=103), b"delivery")
    assert waiting.due({}, 99) == waiting.due({agency: 7}, 99) == ()
    assert waiting.due({agency: 8}, 99) == (b"1" * 32,)
    assert waiting.due({agency: 9}, 100) == (b"1" * 32, b"2" * 32)
    assert waiting.due({}, 101) == (b"1" * 32, b"2" * 32)
    assert waiting.of_packet(b"p" * 32) == (b"4" * 32,)
    with database.transaction():
        waiting.replace(b"4" * 32, b"less")
    assert waiting.due({}, 99) == (b"4" * 32,)


def test_a_grant_that_waits_is_found_by_the_beginning_of_its_packet(database: Database) -> None:
    waiting = AwaitingCosignatureStore(database)
    grant = waiting_grant(b"g")
    waiting.put(grant, b"")
    for prefix in ("", "aa", "b", "abc"):
        waiting.verify_none(prefix)
    for prefix in ("a", "AB", "ab" * 32):
        with pytest.raises(CosignatureAwaited, match=MX):
            waiting.verify_none(prefix)


def test_partners_packets_are_noticed_whatever_their_names(database: Database) -> None:
    packets = PacketStore(database)
    assert not packets.has_partners(US)
    put(database, b"1" * 32)
    assert not packets.has_partners(US)
    assert packets.has_partners(MX)
    put(database, b"2" * 32, MX)
    assert packets.has_partners(US)
    assert packets.has_partners(MX)


def test_a_line_of_corrections_is_what_all_corrections_say_of_it(database: Database) -> None:
    corrections, drawn = CorrectionStore(database), random.Random(7)
    ids = [number.to_bytes(32, "big") for number in range(40)]
    for number, packet in enumerate(ids):
        status = Status.REFUSED if drawn.random() < 0.1 else Status.ACCEPTED
        database.execute(
            "INSERT INTO packet_grant (statement_id, packet, peer, incoming, status, sealed)"
            " VALUES (?, ?, '', 0, ?, x'')",
            (packet, packet, status),
        )
        if number > 4 and drawn.random() < 0.9:  # some of them twice
            corrections.put(packet, ids[drawn.randrange(number)])
    everything = corrections.all()
    assert 20 < len(everything) < 36
    for packet in ids:
        line = corrections.line(packet)
        assert superseded(line).get(packet) == superseded(everything).get(packet)
        assert line_of(packet, line) == line_of(packet, everything)
        assert line.items() <= everything.items()


def test_packets_are_filed_once_and_as_they_come(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed, read = CaseFileStore(database), []
    case = b"c" * 16

    def named(_: CaseFileStore, packet: bytes, sealed: bytes) -> bytes:
        read.append(packet)
        return case if packet[0] % 2 else b""

    monkeypatch.setattr(CaseFileStore, "_named", named)
    packets = [bytes([number]) * 32 for number in range(6)]
    for packet in packets[:4]:
        put(database, packet)
    assert filed.packets(case) == (packets[1], packets[3])
    assert filed.packets(b"d" * 16) == ()
    assert read == packets[:4]
    for packet in packets[4:]:
        put(database, packet)
    assert filed.packets(case) == (packets[1], packets[3], packets[5])
    assert read == packets


def test_a_request_is_settled_until_something_comes_of_it(database: Database) -> None:
    manifest = SimpleNamespace(agreement=SimpleNamespace(id=b"other"))
    held = cast("PacketStore", SimpleNamespace(manifest=lambda _: manifest))
    agreements, standings = cast("Any", None), cast("SuspensionStore", None)
    requests = RequestStore(database, held, agreements, standings)
    packet = b"p" * 32
    requests.begin(packet, MX, Side.ASKER, index=1, time_ms=10)
    requests.begin(b"q" * 32, MX, Side.HOLDER, index=2, time_ms=11)
    request, other = requests.request(packet, MX), requests.request(b"q" * 32, MX)

    def step(number: int, time_ms: int | None, code: str = "") -> None:
        database.execute(
            "INSERT INTO request_step VALUES (?, ?, ?, 'asker', ?, ?, x'', NULL, ?, 1)",
            (bytes([number]) * 32, packet, MX, time_ms, time_ms, code),
        )

    def opened() -> tuple[StoredRequest, ...]:
        found = requests.open()
        assert other in found
        requests.settle(request)
        assert requests.open() == (other,)
        return found

    step(1, 20)
    assert opened() == (other, request)
    step(2, None)
    assert request in opened()
    requests.refuse(bytes([2]) * 32, "TL-GRANT-005")
    assert request in opened()
    for time_ms, reopens in [(21, False), (20, True), (5, True)]:  # of a standing's entry
        requests.rest_on(b"agreement", US, 3, time_ms)
        assert (request in opened()) is reopens
