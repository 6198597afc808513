"""Wycheproof: every primitive that the suite stands on, every case with its expected class.

These judge the library, not our code: what we rely on it to refuse, it must refuse.
"""

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from support.paths import shared

Fields = dict[str, Any]
REFUSALS = (InvalidSignature, InvalidTag, ValueError)


def hexed(fields: Fields, name: str) -> bytes:
    return bytes.fromhex(fields[name])


def ed25519(group: Fields, case: Fields) -> None:
    key = Ed25519PublicKey.from_public_bytes(hexed(group["publicKey"], "pk"))
    key.verify(hexed(case, "sig"), hexed(case, "msg"))


def mldsa44(group: Fields, case: Fields) -> None:
    key = MLDSA44PublicKey.from_public_bytes(hexed(group, "publicKey"))
    key.verify(hexed(case, "sig"), hexed(case, "msg"), bytes.fromhex(case.get("ctx", "")))


def mldsa65(group: Fields, case: Fields) -> None:
    key = MLDSA65PublicKey.from_public_bytes(hexed(group, "publicKey"))
    key.verify(hexed(case, "sig"), hexed(case, "msg"), bytes.fromhex(case.get("ctx", "")))


def mlkem768(group: Fields, case: Fields) -> None:
    key = MLKEM768PrivateKey.from_seed_bytes(hexed(case, "seed"))
    secret = key.decapsulate(hexed(case, "c"))
    assert secret == hexed(case, "K")
    assert "ek" not in case or key.public_key().public_bytes_raw() == hexed(case, "ek")


def x25519(group: Fields, case: Fields) -> None:
    key = X25519PrivateKey.from_private_bytes(hexed(case, "private"))
    secret = key.exchange(X25519PublicKey.from_public_bytes(hexed(case, "public")))
    assert secret == hexed(case, "shared")


def hkdf_sha256(group: Fields, case: Fields) -> None:
    hkdf = HKDF(SHA256(), case["size"], salt=hexed(case, "salt"), info=hexed(case, "info"))
    assert hkdf.derive(hexed(case, "ikm")) == hexed(case, "okm")


def cobblestone256(group: Fields, case: Fields) -> None:
    decryptor = Cobblestone256Decryptor(hexed(case, "key"), hexed(case, "ctx"))
    plaintext = decryptor.update(zlib.decompress(hexed(case, "ct"))) + decryptor.finalize()
    assert len(plaintext) == case["msgLength"]
    assert hashlib.sha512(plaintext).digest() == hexed(case, "msgSha512")


def outcome(check: Callable[[Fields, Fields], None], group: Fields, case: Fields) -> str:
    try:
        check(group, case)
    except REFUSALS:
        return "refused"
    return "accepted"


@pytest.mark.parametrize(
    ("name", "check", "expected"),
    [
        ("ed25519", ed25519, {("valid", "accepted"): 88, ("invalid", "refused"): 63}),
        ("mldsa_44_verify", mldsa44, {("valid", "accepted"): 77, ("invalid", "refused"): 103}),
        ("mldsa_65_verify", mldsa65, {("valid", "accepted"): 79, ("invalid", "refused"): 131}),
        ("mlkem_768", mlkem768, {("valid", "accepted"): 153, ("invalid", "refused"): 40}),
        ("hkdf_sha256", hkdf_sha256, {("valid", "accepted"): 83, ("invalid", "refused"): 3}),
        (
            "c2sp_chunked_encryption_aes_256_gcm",
            cobblestone256,
            {("valid", "accepted"): 10, ("invalid", "refused"): 25},
        ),
    ],
)
def test_every_case_has_its_expected_class(
    name: str,
    check: Callable[[Fields, Fields], None],
    expected: dict[tuple[str, str], int],
) -> None:
    document = json.loads(shared(f"vectors/wycheproof/{name}_test.json").read_bytes())
    outcomes = Counter(
        (case["result"], outcome(check, group, case))
        for group in document["testGroups"]
        for case in group["tests"]
    )
    assert outcomes == expected
    assert outcomes.total() == document["numberOfTests"]


def test_x25519_agrees_and_refuses_a_secret_of_zeros() -> None:
    document = json.loads(shared("vectors/wycheproof/x25519_test.json").read_bytes())
    outcomes = Counter(
        (case["result"], "ZeroSharedSecret" in case["flags"], outcome(x25519, group, case))
        for group in document["testGroups"]
        for case in group["tests"]
    )
    assert outcomes == {
        ("valid", False, "accepted"): 264,
        ("acceptable", False, "accepted"): 223,
        ("acceptable", True, "refused"): 31,
    }
