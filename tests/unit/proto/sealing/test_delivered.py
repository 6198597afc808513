"""A field that does not open: whether the exchange or the originator answers for it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from support.agencies import FIELDS, US, compartment_of, federation, packet, secret, under
from tearline.errors import CiphertextAltered, CommitmentMismatch, DecryptionFailed
from tearline.packets.ciphertexts import CiphertextTree, ciphertexts_root, without_ciphertexts
from tearline.packets.packet import PacketParts
from tearline.sealing import open_delivered, release_of
from tearline.wire.packets import Release

SEALED = packet(federation().node(US).header)
MANIFEST = SEALED.manifest
CIPHERTEXTS = dict(enumerate(SEALED.ciphertexts))
NAMES = compartment_of(SEALED, "identity.subject")
SOURCE = compartment_of(SEALED, "identity.source")
(NAME_SLOT,) = SEALED.openings[NAMES].slots


def delivered(ciphertexts: Mapping[int, bytes], *slots: int, path: bool = True) -> PacketParts:
    """What an exchange delivers of some slots, with the path of all ciphertexts."""
    whole = PacketParts(manifest=bytes(32), ciphertexts=CIPHERTEXTS, slot_count=len(CIPHERTEXTS))
    given = CiphertextTree(whole).path(slots) if path else ()
    held = {slot: ciphertexts[slot] for slot in slots}
    return replace(whole, ciphertexts=held, path=given)


def releasing() -> Release:
    """A release of the compartment of names."""
    return release_of(SEALED, existences={}, compartments=[NAMES])


def forged(slot: int) -> dict[int, bytes]:
    """The ciphertexts, one of them with another last bit."""
    data = bytearray(CIPHERTEXTS[slot])
    data[-1] ^= 1
    return CIPHERTEXTS | {slot: bytes(data)}


def test_what_is_delivered_opens_with_its_path_and_without() -> None:
    for path in (True, False):
        parts = delivered(CIPHERTEXTS, NAME_SLOT, path=path)
        assert open_delivered(MANIFEST, parts, releasing()).fields[0].field == FIELDS[0]


def test_an_exchange_that_delivers_another_ciphertext_is_told_from_its_originator() -> None:
    parts = delivered(forged(NAME_SLOT), NAME_SLOT)
    with pytest.raises(CiphertextAltered, match="ciphertexts"):
        open_delivered(MANIFEST, parts, releasing())


def test_an_exchange_does_not_accuse_an_originator_by_leaving_out_the_path() -> None:
    parts = delivered(forged(NAME_SLOT), NAME_SLOT, path=False)
    with pytest.raises(CiphertextAltered, match="path"):
        open_delivered(MANIFEST, parts, releasing())


def test_an_originator_that_seals_what_does_not_open_is_convicted_by_the_path() -> None:
    ciphertexts = forged(NAME_SLOT)
    root = ciphertexts_root(ciphertexts[slot] for slot in sorted(ciphertexts))
    whole = PacketParts(manifest=bytes(32), ciphertexts=ciphertexts, slot_count=len(ciphertexts))
    parts = without_ciphertexts(whole, ciphertexts.keys() - {NAME_SLOT})
    with pytest.raises(DecryptionFailed):
        open_delivered(replace(MANIFEST, ciphertexts_root=root), parts, releasing())


def test_an_originator_that_commits_to_another_plaintext_is_convicted_by_the_path() -> None:
    parts = delivered(CIPHERTEXTS, NAME_SLOT)
    slots = list(MANIFEST.slots)
    slots[NAME_SLOT] = secret("another commitment")
    manifest = replace(MANIFEST, slots=tuple(slots))
    with pytest.raises(CommitmentMismatch, match="a field"):
        open_delivered(manifest, parts, releasing())


def test_an_invented_secret_of_a_single_slot_accuses_an_honest_originator() -> None:
    """It proves nothing to anyone but the recipient. A compartment's key cannot be invented."""
    alone = release_of(SEALED, existences={}, compartments=(), slots=[NAME_SLOT])
    invented = Release(fields=(replace(alone.fields[0], secret=secret("invented")),))
    with pytest.raises(DecryptionFailed):
        open_delivered(MANIFEST, delivered(CIPHERTEXTS, NAME_SLOT), invented)
    (item,) = releasing().compartments
    invented = Release(compartments=(under(item, secret("invented")),))
    with pytest.raises(CommitmentMismatch, match="opening"):
        open_delivered(MANIFEST, delivered(CIPHERTEXTS, NAME_SLOT), invented)


def test_a_grantor_s_false_key_is_no_fault_of_the_ciphertexts() -> None:
    (item,) = releasing().compartments
    wrong = Release(compartments=(under(item, SEALED.keys[SOURCE]),))
    with pytest.raises(CommitmentMismatch, match="opening"):
        open_delivered(MANIFEST, delivered(forged(NAME_SLOT), NAME_SLOT), wrong)
