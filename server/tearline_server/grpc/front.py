"""TLS identity of the exchange at its gRPC port."""

import hashlib
import logging
from collections.abc import Callable, Mapping

from tearline.crypto.authority_profile import verify_authority
from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.crypto.certificates import end_s
from tearline.crypto.tls_keys import TlsKey
from tearline.errors import AuthoritiesRefused, CertificateRefused, KeysUnnamed
from tearline.federation.membership import Membership
from tearline.identity import parse_agency_uri
from tearline.limits import MAX_LEAF_LIFETIME_S
from tearline_runtime.grpc.credentials import ServerTls, reads_authority
from tearline_runtime.grpc.tls_identity import TlsIdentity
from tearline_server.bootstrap import now_ms
from tearline_server.config import Config
from tearline_server.keys import ExchangeKeys
from tearline_server.observability.metrics import Metrics

_log = logging.getLogger(__name__)

_ACCEPTED = ""
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
        AuthoritiesRefused: If members have no CA by which a node can connect.
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
        self._judged: Mapping[tuple[str, bytes], str] = {}
        self._identity = self._certify()
        self.tls = ServerTls(identity=self._identity, authorities=self._authorities_of_members())
        if not self.tls.authorities:
            raise AuthoritiesRefused("; ".join(f"{uri}: {why}" for uri, why in self.skipped))

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """Returns each member's CA that does not count: the agency's URI, and the reason."""
        return [(uri, why) for (uri, _), why in self._judged.items() if why != _ACCEPTED]

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
        authorities = self._authorities_of_members()
        # gRPC takes no empty list: without a CA, it keeps the last ones, and each call is refused.
        return ServerTls(identity=self._identity, authorities=authorities or self.tls.authorities)

    def _authorities_of_members(self) -> tuple[bytes, ...]:
        """Returns the CAs that count; each is judged once."""
        self._judged = {
            (agency.uri, der): self._judged[agency.uri, der]
            if (agency.uri, der) in self._judged
            else self._judge(agency.uri, der)
            for agency in self._membership().now.agencies
            for der in agency.certificate_authorities
        }
        self._metrics.skipped_authorities(len(self.skipped))
        return tuple(der for (_, der), why in self._judged.items() if why == _ACCEPTED)

    def _judge(self, uri: str, der: bytes) -> str:
        """Judges a CA by the profile, then by the TLS library; returns why it does not count."""
        try:
            verify_authority(der, parse_agency_uri(uri))
            if reads_authority(der, self._identity):
                return _ACCEPTED
            why = "the TLS library cannot read it"
        except CertificateRefused as refused:
            why = refused.why
        told = {"agency": uri, "authority": hashlib.sha256(der).hexdigest(), "why": why}
        _log.error("authority of an agency is skipped: its nodes cannot connect by it", extra=told)
        return why
