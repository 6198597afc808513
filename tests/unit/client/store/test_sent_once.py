"""A node stores each signed statement once: of a packet, its grants, and what was sent of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from support.agencies import AGREEMENT_ID, grant, node_of, packet, signer
from tearline.errors import StoreDamaged
from tearline.packets.packet import PacketParts
from tearline.statements.channel import Address, Void, VoidReason
from tearline.statements.statement import StatementType, statement_id
from tearline.wire.grants import encode_grant, encode_void
from tearline.wire.packets import encode_manifest
from tearline.wire.statements import Signed, encode_signed, signed
from tearline_client.store.database import Database
from tearline_client.store.packets import PacketStore
from tearline_client.store.recovery import RecoveryStore
from unit.client.store.test_database import VAULT

US, MX = node_of("spiffe://us.example"), node_of("spiffe://mx.example")
_ATTESTATION = 3_400  # bytes of one, at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A packet, its grant and a void under one attestation."""

    manifest: Signed
    grant: Signed
    void: Signed
    parts: PacketParts


@cache
def batch() -> Batch:
    """A batch of the sender."""
    sender = signer(US, bytes(32))
    sealed = packet(sender.header)
    body = encode_manifest(sealed.manifest)
    manifest_id = statement_id(StatementType.MANIFEST, body)
    granted = grant(sealed, manifest_id, sender.header, MX)
    place = Address(recipient=MX, agreement_id=AGREEMENT_ID, seq=2)
    void = Void(
        header=sender.header, address=place, reason=VoidReason.RECALLED, withdraws=bytes(32)
    )
    tree = sender.sign(
        [
            (StatementType.MANIFEST, body),
            (StatementType.GRANT, encode_grant(granted)),
            (StatementType.VOID, encode_void(void)),
        ]
    )
    return Batch(
        manifest=signed(tree, 0),
        grant=signed(tree, 1),
        void=signed(tree, 2),
        parts=PacketParts(
            manifest=manifest_id, openings=(), ciphertexts=dict(enumerate(sealed.ciphertexts))
        ),
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """The store of a node that sent the batch."""
    database = Database(tmp_path / "node.db", VAULT)
    store = PacketStore(database)
    store.put_packet(batch().manifest, US, batch().parts, now_ms=1)
    store.put_grant(batch().grant, incoming=False, status=None)
    yield database
    database.close()


def test_a_manifest_and_its_grants_share_one_attestation(database: Database) -> None:
    stored = PacketStore(database).packet(batch().manifest.statement.id)
    assert encode_signed(stored.signed) == encode_signed(batch().manifest)
    assert database.value("SELECT count(*) FROM attestation") == 1
    taken = database.value(
        "SELECT length(p.manifest) + length(g.sealed) FROM packet p, packet_grant g"
    )
    given = len(encode_signed(batch().manifest)) + len(encode_signed(batch().grant))
    assert taken < given - 2 * _ATTESTATION + 200


def test_a_sent_grant_is_stored_once_and_comes_back_as_it_was_signed(database: Database) -> None:
    recovery = RecoveryStore(database)
    recovery.keep(MX, AGREEMENT_ID, 1, batch().grant)
    recovery.keep(MX, AGREEMENT_ID, 2, batch().void)
    assert database.value("SELECT length(sealed) FROM sent WHERE seq = 1") < 100
    for place, each in ((1, batch().grant), (2, batch().void)):
        sent = recovery.sent(MX, AGREEMENT_ID, place)
        assert sent is not None
        assert encode_signed(sent) == encode_signed(each)
    assert recovery.withdrawals(MX, AGREEMENT_ID, 2) == (batch().void,)
    recovery.confirm(MX, AGREEMENT_ID, 1)
    assert recovery.sent(MX, AGREEMENT_ID, 1) is None
    assert PacketStore(database).grant(batch().grant.statement.id) is not None


def test_a_sent_grant_that_is_missing_is_no_void(database: Database) -> None:
    recovery = RecoveryStore(database)
    recovery.keep(MX, AGREEMENT_ID, 1, batch().grant)
    database.execute("DELETE FROM packet_grant")
    with pytest.raises(StoreDamaged, match="grant"):
        recovery.sent(MX, AGREEMENT_ID, 1)


def test_a_grant_under_another_signature_is_stored_as_it_was_sent(database: Database) -> None:
    statement = batch().grant.statement
    again = signed(signer(US, bytes(32)).sign([(statement.type, statement.body)]))
    assert again.statement.id == statement.id
    recovery = RecoveryStore(database)
    recovery.keep(MX, AGREEMENT_ID, 1, again)
    assert recovery.sent(MX, AGREEMENT_ID, 1) == again
