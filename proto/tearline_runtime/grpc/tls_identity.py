"""A TLS certificate with its key; it needs no gRPC."""

from tearline.crypto.tls_keys import TlsKey
from tearline.dataclass.immutable import immutable


@immutable
class TlsIdentity:
    """Certificate with its key.

    Attributes:
        certificate: The leaf, DER.
        key: Its private key.
    """

    certificate: bytes
    key: TlsKey
