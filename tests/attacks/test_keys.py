"""Attacks on signatures."""

import pytest

from tearline.crypto.keys import SIGNATURE_SIZE, SigningKey
from tearline.errors import SignatureInvalid

ED25519_SIZE = 64
KEY = SigningKey(bytes(64))
OTHER = SigningKey(bytes([1]) * 64)
MESSAGE = b"the account is 4711"
SIGNATURE = KEY.sign(MESSAGE)


@pytest.mark.parametrize(
    "position", [0, SIGNATURE_SIZE - ED25519_SIZE - 1, SIGNATURE_SIZE - 64, -1]
)
def test_a_flipped_bit_in_either_half_is_refused(position):
    forged = bytearray(SIGNATURE)
    forged[position] ^= 1
    with pytest.raises(SignatureInvalid):
        KEY.public.verify(bytes(forged), MESSAGE)


@pytest.mark.parametrize("half", ["post-quantum", "classical"])
def test_one_half_of_a_signature_is_not_enough(half):
    mine, theirs = (SIGNATURE, OTHER.sign(MESSAGE))
    if half == "classical":
        mine, theirs = theirs, mine
    with pytest.raises(SignatureInvalid):
        KEY.public.verify(mine[:-ED25519_SIZE] + theirs[-ED25519_SIZE:], MESSAGE)
