"""A TLS certificate with its key; it needs no gRPC."""

from dataclasses import dataclass

from tearline.crypto.tls_keys import TlsKey


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsIdentity:
    """Certificate with its key.

    Attributes:
        certificate: The leaf, DER.
        key: Its private key.
    """

    certificate: bytes
    key: TlsKey
