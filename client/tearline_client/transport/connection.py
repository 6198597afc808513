"""The node's connection and its certificate, as ``node.connection``."""

from collections.abc import Callable

from tearline.crypto.certificates import end_s, verify_current
from tearline.errors import CertificateExpired
from tearline.federation.members import ExchangeIdentity
from tearline_client.keys.home import Home
from tearline_client.keys.keystore import Keystore
from tearline_client.keys.tls_certificates import (
    has_authority,
    is_certificate_due,
    renew_certificate,
)
from tearline_client.transport.interface import Transport


class Connection:
    """A connection that outlives its certificate.

    Args:
        home: Holds the certificate.
        keystore: Holds its key and the CA's key.
        transport: The connection, made with the stored certificate.
        now_ms: Returns the time, Unix milliseconds.
        exchange: Returns the exchange as the newest constitution known here names it.
    """

    def __init__(
        self,
        home: Home,
        keystore: Keystore,
        transport: Transport,
        now_ms: Callable[[], int],
        exchange: Callable[[], ExchangeIdentity],
    ) -> None:
        self._home = home
        self._keystore = keystore
        self._transport = transport
        self._now_ms = now_ms
        self._certificate = home.tls_certificate()
        self._exchange = exchange
        self._connected = exchange()

    @property
    def end_ms(self) -> int:
        """Returns the end of this connection's certificate, Unix milliseconds."""
        return end_s(self._certificate) * 1000

    def is_current(self) -> bool:
        """Returns whether this connection's certificate is valid by this machine's clock."""
        try:
            verify_current(self._certificate, self._now_ms() // 1000)
        except CertificateExpired:
            return False
        return True

    def is_due(self) -> bool:
        """Returns whether a newer certificate is stored or due, or the exchange was changed."""
        if self._exchange() != self._connected:
            return True
        if self._home.tls_certificate() != self._certificate:
            return True
        return is_certificate_due(self._home, now_ms=self._now_ms()) and has_authority(
            self._keystore
        )

    async def renew(self) -> bool:
        """Issues a due certificate, and reconnects with a newer one, or to a changed exchange.

        Single calls in progress are repeated on the new connection; streams end with an error.

        Returns:
            Whether there is a new connection.
        """
        renew_certificate(self._home, self._keystore, now_ms=self._now_ms())
        identity = self._home.tls_identity(self._keystore)
        certified, exchange = identity.certificate, self._exchange()
        if (certified, exchange) == (self._certificate, self._connected):
            return False
        await self._transport.reconnect(identity)
        self._certificate, self._connected = certified, exchange
        return True
