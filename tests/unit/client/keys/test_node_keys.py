"""A node's keys, as two processes of the node see them."""

from pathlib import Path

import pytest

from tearline.crypto.keys import KemKey, key_id
from tearline.errors import KeystoreEntryMissing
from tearline_client.keys import keystore as keystore_module
from tearline_client.keys.home import COSIGNING_KEY, SIGNING_KEY, Identity
from tearline_client.keys.keystore import Keystore
from tearline_client.keys.node_keys import NodeKeys
from tearline_client.keys.rotation import KeyKind

US = Identity(agency="us-justice", domain="justice.us.example", node="liaison")
KINDS = [KeyKind.SIGN, KeyKind.COSIGN]
IN_USE = {KeyKind.SIGN: SIGNING_KEY, KeyKind.COSIGN: COSIGNING_KEY}


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[NodeKeys, NodeKeys]:
    """The keys as a daemon holds them, and as a command beside it does."""
    monkeypatch.setattr(keystore_module, "stretch", lambda word, salt: bytes(32))
    keystore = Keystore.create(tmp_path / "keys", b"a passphrase")
    keystore.put(SIGNING_KEY, bytes(64))
    keystore.put(COSIGNING_KEY, bytes(32))
    beside = Keystore.open(tmp_path / "keys", b"a passphrase")
    return NodeKeys(keystore, US, bytes(32)), NodeKeys(beside, US, bytes(32))


@pytest.mark.parametrize("kind", KINDS)
def test_both_may_put_the_same_key_in_place(pair: tuple[NodeKeys, NodeKeys], kind: KeyKind) -> None:
    daemon, command = pair
    public = command.make(kind)
    daemon.adopt(kind, public)
    command.adopt(kind, public)
    assert daemon.public(kind) == command.public(kind) == public
    assert daemon.next_public(kind) is command.next_public(kind) is None
    assert daemon.signer.header == command.signer.header


@pytest.mark.parametrize("kind", KINDS)
def test_who_comes_late_leaves_the_next_key_alone(
    pair: tuple[NodeKeys, NodeKeys], kind: KeyKind
) -> None:
    daemon, command = pair
    public = command.make(kind)
    daemon.adopt(kind, public)
    following = daemon.make(kind)
    command.adopt(kind, public)
    assert command.public(kind) == public
    assert command.next_public(kind) == following


def test_both_may_destroy_the_same_key(pair: tuple[NodeKeys, NodeKeys]) -> None:
    daemon, command = pair
    daemon.make(KeyKind.KEM)
    (key,) = command.kem_ids()
    assert isinstance(daemon.kem_key(key), KemKey)
    command.destroy_kem(key)
    daemon.destroy_kem(key)
    assert daemon.kem_ids() == ()
    with pytest.raises(KeystoreEntryMissing):
        daemon.kem_key(key)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_is_put_in_place_meanwhile_is_not_missed(
    pair: tuple[NodeKeys, NodeKeys], kind: KeyKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the node would take its own key's record for that of another copy of it."""
    daemon, command = pair
    public = command.make(kind)
    read = daemon._keystore.get

    def get(name: str) -> bytes:
        found = read(name)
        if name.startswith(IN_USE[kind]):  # after the first look at this kind
            monkeypatch.setattr(daemon._keystore, "get", read)
            command.adopt(kind, public)
        return found

    monkeypatch.setattr(daemon._keystore, "get", get)
    assert key_id(public) in daemon.ids()
