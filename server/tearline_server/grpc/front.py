"""TLS identity of the exchange at its gRPC port."""

from tearline.crypto.certificates import end_s
from tearline.crypto.tls_keys import TlsKey
from tearline.federation.versions import Members
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
        keys: The CA that certifies it.
        members: The agencies.
        metrics: The metrics, which report the certificates' ends.
    """

    def __init__(
        self, config: Config, keys: ExchangeKeys, members: Members, metrics: Metrics
    ) -> None:
        self._metrics = metrics
        self._dns = config.dns
        self._authority = keys.authority
        self._issued_s = 0
        metrics.authority(end_s(keys.authority.certificate))
        self._identity = self._certify()
        self.tls = self._tls(members)

    @property
    def is_due(self) -> bool:
        """Returns whether the certificate is a day old, or dated in the future."""
        return not 0 <= now_ms() // 1000 - self._issued_s < _RENEWAL_S

    def renew(self, members: Members) -> None:
        """Issues a fresh key and certificate."""
        self._identity = self._certify()
        self.follow(members)

    def follow(self, members: Members) -> None:
        """Accepts the CAs of changed members."""
        self.tls = self._tls(members)

    def _certify(self) -> TlsIdentity:
        key, now_s = TlsKey.generate(), now_ms() // 1000
        certificate = self._authority.issue_exchange(
            self._dns, key.public, now_s=now_s, lifetime_s=MAX_LEAF_LIFETIME_S
        )
        self._metrics.certified(now_s + MAX_LEAF_LIFETIME_S)
        self._issued_s = now_s
        return TlsIdentity(certificate=certificate, key=key)

    def _tls(self, members: Members) -> ServerTls:
        return ServerTls(
            identity=self._identity,
            authorities=tuple(
                authority
                for agency in members.agencies
                for authority in agency.certificate_authorities
            ),
        )
