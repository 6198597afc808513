"""Keys for TLS: of one kind, and never printed."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from tearline.crypto.tls_keys import TlsKey
from tearline.errors import KeyMalformed

KEY = TlsKey.generate()


def test_a_tls_key_round_trips_and_never_prints_itself() -> None:
    again = TlsKey(KEY.private_bytes())
    assert again.public == KEY.public
    assert repr(KEY) == f"TlsKey({KEY.id.hex()[:16]})"
    assert KEY.private_pem().startswith(b"-----BEGIN PRIVATE KEY-----")
    with pytest.raises(KeyMalformed):
        TlsKey(b"no key")
    other = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(KeyMalformed):
        TlsKey(other)
