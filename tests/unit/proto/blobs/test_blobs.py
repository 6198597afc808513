"""Large documents: their division, their encryption, and the field that describes them."""

import secrets
from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from support.agencies import US, federation, marking, node_of, packet
from tearline.blobs.cipher import BlobCipher
from tearline.blobs.description import BLOB, Blob, blob_in, masked, parse_blob
from tearline.blobs.parts import (
    CHUNK_BYTES,
    MAX_PARTS,
    PART_BYTES,
    PART_PLAIN_BYTES,
    Division,
    part_bytes,
    part_count,
)
from tearline.encoding import label
from tearline.errors import BlobMismatch, StatementMalformed
from tearline.limits import MAX_BLOB_BYTES
from tearline.packets.commitments import field_secret
from tearline.packets.packet import Field
from tearline.sealing import open_packet, release_of

SECRET, BLOB_ID = bytes(range(32)), bytes(range(16))
BLOB_FIELD = Blob(
    id=BLOB_ID,
    secret=SECRET,
    length=5 << 20,
    sha256=b"s" * 32,
    root=b"r" * 32,
    media_type="application/pdf",
)
LENGTHS = (1, CHUNK_BYTES, PART_PLAIN_BYTES - 1, PART_PLAIN_BYTES, 3 * PART_PLAIN_BYTES + 77_777)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_document_opens_as_it_was_sealed(length: int) -> None:
    division, cipher = Division(length=length), BlobCipher(SECRET, BLOB_ID)
    plain = secrets.token_bytes(length).ljust(division.padded, b"\0")
    parts = [
        cipher.seal(number, plain[number * PART_PLAIN_BYTES :][: division.plain_bytes(number)])
        for number in range(division.parts)
    ]
    assert sum(map(len, parts)) == division.sealed
    assert part_count(division.sealed) == len(parts)
    assert [len(part) for part in parts] == [
        part_bytes(division.sealed, number) for number in range(len(parts))
    ]
    assert b"".join(cipher.open(number, part) for number, part in enumerate(parts)) == plain


def test_chunks_are_those_of_chunked_encryption_in_raw_mode() -> None:
    both = HKDFExpand(SHA256(), 44, label("blob") + BLOB_ID).derive(SECRET)
    key, base = both[:32], int.from_bytes(both[32:], "big")
    plain = secrets.token_bytes(PART_PLAIN_BYTES)
    cipher = BlobCipher(SECRET, BLOB_ID)
    first, last = cipher.seal(0, plain), cipher.seal(1, b"")
    chunk = CHUNK_BYTES + 16
    for number, sealed in ((0, first[:chunk]), (63, first[63 * chunk :]), (64, last)):
        nonce = (base ^ number).to_bytes(12, "big")
        expected = plain[number * CHUNK_BYTES :][:CHUNK_BYTES]
        assert AESGCM(key).decrypt(nonce, sealed, None) == expected
    with pytest.raises(InvalidTag):
        AESGCM(key).decrypt((base ^ 1).to_bytes(12, "big"), last, None)


def test_a_part_opens_at_its_own_number_alone() -> None:
    cipher = BlobCipher(SECRET, BLOB_ID)
    part = cipher.seal(1, b"the end")
    for wrong, number in ((part, 0), (part[:-1], 1), (part[:3], 1), (part + b"more", 1)):
        with pytest.raises(BlobMismatch):
            cipher.open(number, wrong)


def test_lengths_have_bounds() -> None:
    for length in (0, MAX_BLOB_BYTES + 1):
        with pytest.raises(StatementMalformed):
            Division(length=length)
    assert Division(length=MAX_BLOB_BYTES).parts == MAX_PARTS
    for sealed in (0, 15, PART_BYTES, PART_BYTES + 15, Division(length=MAX_BLOB_BYTES).sealed + 1):
        with pytest.raises(StatementMalformed):
            part_count(sealed)


def test_a_description_has_one_form() -> None:
    data = BLOB_FIELD.encode()
    assert parse_blob(data) == BLOB_FIELD
    nothing = replace(BLOB_FIELD, length=1).encode()
    nothing = nothing.replace((1).to_bytes(8, "big"), bytes(8), 1)
    for wrong in (data[:120], data[:100], data[:-1] + "é".encode(), data + b"a" * 128, nothing):
        with pytest.raises(StatementMalformed):
            parse_blob(wrong)


def test_other_fields_describe_no_document() -> None:
    text = Field(path="3a/Document/file", values=(b"a",), marking=marking())
    assert blob_in(text) is None
    for values in ((), (b"x",), (BLOB_FIELD.encode(),) * 2):
        with pytest.raises(StatementMalformed):
            blob_in(replace(text, media_type=BLOB, values=values))


def test_the_secret_is_masked_in_the_packet() -> None:
    field = Field(
        path="3a" * 16 + "/Document/file",
        media_type=BLOB,
        values=(BLOB_FIELD.encode(),),
        marking=marking(),
    )
    sealed = packet(federation().node(US).header, [field])
    (c,) = sealed.openings
    (link,) = sealed.blobs
    assert (link.id, link.root) == (BLOB_FIELD.id, BLOB_FIELD.root)
    release = release_of(sealed, existences={}, compartments=[c])
    view = open_packet(sealed.manifest, dict(enumerate(sealed.ciphertexts)), release)
    (opened,) = view.fields
    shown = blob_in(opened.field)
    assert shown is not None
    assert shown.secret != SECRET
    assert replace(shown, secret=SECRET) == BLOB_FIELD
    packet_id = sealed.manifest.packet_id
    secret = field_secret(sealed.keys[c], packet_id, c, link.slot)
    assert masked(shown, secret, packet_id, link.slot) == BLOB_FIELD
    assert node_of(US) == sealed.manifest.header.signer
