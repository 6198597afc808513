"""TLS identity of the exchange at its gRPC port."""

from collections.abc import Callable

from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.crypto.certificates import end_s
from tearline.crypto.tls_keys import TlsKey
from tearline.errors import KeysUnnamed
from tearline.federation.membership import Membership
from tearline.limits import MAX_LEAF_LIFETIME_S
from tearline_runtime.grpc.credentials import ServerTls
from tearline_runtime.grpc.tls_identity import TlsIdentity
from tearline_server.bootstrap import now_ms
from tearline_server.config import Config
from tearline_server.keys import ExchangeKeys
from tearline_server.observability.metrics import Metrics

_RENEWAL_S = MAX_LEAF_LIFETIME_S // 7  # a day: six more remain to notice a failure


class Front:
    """TLS identity that clients meet: the exchange's certificate, and the CAs that it accepts.

    Args:
        config: The DNS name.
        keys: The CAs that may certify it.
        membership: Returns the members, and the constitutions that name the CA.
        metrics: The metrics, which report the certificates' ends.

    Raises:
        KeysUnnamed: If the constitution names a CA that is not here.
    """

    def __init__(
        self,
        config: Config,
        keys: ExchangeKeys,
        membership: Callable[[], Membership],
        metrics: Metrics,
    ) -> None:
        self._metrics = metrics
        self._dns = config.dns
        self._authorities = {each.authority.certificate: each.authority for each in keys.sets}
        self._membership = membership
        self._authority = self._named()
        self._issued_s = 0
        self._identity = self._certify()
        self.tls = self._tls()

    @property
    def is_due(self) -> bool:
        """Returns whether the certificate is a day old, or dated in the future."""
        return not 0 <= now_ms() // 1000 - self._issued_s < _RENEWAL_S

    def renew(self) -> None:
        """Issues a fresh key and certificate."""
        self._identity = self._certify()
        self.tls = self._tls()

    def follow(self) -> None:
        """Accepts the CAs of changed members, and is certified by the CA that now counts."""
        authority = self._named()
        if authority is not self._authority:
            self._authority = authority
            self._identity = self._certify()
        self.tls = self._tls()

    def _named(self) -> CertificateAuthority:
        """Returns the CA of the constitution before, if it is still here, or of the one in force.

        Nodes trust both: one that has not read a decision on another CA can still connect.
        """
        for version in self._membership().constitutions[-2:]:
            named = version.constitution.exchange.certificate_authority
            if named in self._authorities:
                return self._authorities[named]
        raise KeysUnnamed("the certificate authority is not here")

    def _certify(self) -> TlsIdentity:
        self._metrics.authority(end_s(self._authority.certificate))
        key, now_s = TlsKey.generate(), now_ms() // 1000
        certificate = self._authority.issue_exchange(
            self._dns, key.public, now_s=now_s, lifetime_s=MAX_LEAF_LIFETIME_S
        )
        self._metrics.certified(now_s + MAX_LEAF_LIFETIME_S)
        self._issued_s = now_s
        return TlsIdentity(certificate=certificate, key=key)

    def _tls(self) -> ServerTls:
        return ServerTls(
            identity=self._identity,
            authorities=tuple(
                authority
                for agency in self._membership().now.agencies
                for authority in agency.certificate_authorities
            ),
        )
