"""The node's connection, and the certificate it is made with."""

from tearline.crypto.certificates import end_s, verify_current
from tearline.errors import CertificateExpired
from tearline_client.keys.home import Home
from tearline_client.keys.keystore import Keystore
from tearline_client.keys.tls_certificates import (
    has_authority,
    is_certificate_due,
    renew_certificate,
)
from tearline_client.transport.grpc import Transport


class Connection:
    """Keeps a connection that lasts longer than a certificate.

    Args:
        home: Where the certificate lies.
        keystore: Where its key and the CA's are.
        transport: The connection; made with the certificate that lies there now.
    """

    def __init__(self, home: Home, keystore: Keystore, transport: Transport) -> None:
        self._home = home
        self._keystore = keystore
        self._transport = transport
        self._certificate = home.tls_certificate()

    @property
    def end_ms(self) -> int:
        """When the certificate of this connection ends, Unix milliseconds."""
        return end_s(self._certificate) * 1000

    def is_current(self, now_ms: int) -> bool:
        """Whether the certificate of this connection is valid at a time."""
        try:
            verify_current(self._certificate, now_ms // 1000)
        except CertificateExpired:
            return False
        return True

    def is_due(self, now_ms: int) -> bool:
        """Whether a newer certificate lies there, put by a command, or can be issued and is due."""
        if self._home.tls_certificate() != self._certificate:
            return True
        return is_certificate_due(self._home, now_ms=now_ms) and has_authority(self._keystore)

    async def renew(self, now_ms: int) -> bool:
        """Issues a certificate if it is due, and connects anew if there is a newer one.

        Calls under way on the connection before are ended.

        Returns:
            Whether there is a new connection.
        """
        renew_certificate(self._home, self._keystore, now_ms=now_ms)
        identity = self._home.tls_identity(self._keystore)
        if identity.certificate == self._certificate:
            return False
        await self._transport.reconnect(identity)
        self._certificate = identity.certificate
        return True
