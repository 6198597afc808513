"""Authentication: identifies callers, and refuses every call that is not allowed.

Every call passes the gate, also on an open connection: certificates end, keys are revoked and
agencies leave while connections stay open.

A node is identified by its connection. A person is identified by an access token, needed only for
calls that a person makes: audits. All other calls are a node's unattended duties; decisions of
persons are inside the signed statements.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import field

from tearline.crypto.certificates import LeafCertificate, TlsFacts, verify_leaf
from tearline.dataclass.immutable import immutable
from tearline.encoding import parse_hex
from tearline.errors import (
    CallerDenied,
    CertificateRefused,
    ConnectionRefused,
    MalformedInput,
    MembershipEnded,
    NotPermitted,
    TokenRefused,
    TokenRequired,
)
from tearline.identity import AgencyUri, ExchangeUri, NodeUri
from tearline.limits import MAX_VERIFIED_CERTIFICATES
from tearline.persons.tokens import AccessToken, Binding, Role, verify_token
from tearline_runtime.grpc import methods

TLS_VERSION = "TLSv1.3"
KEY_EXCHANGE_GROUP = "X25519MLKEM768"
PSEUDONYM_SIZE = 32

DUTY: frozenset[Role] = frozenset()
AUDITORS = frozenset({Role.AUDITOR, Role.OFFICER})

METHODS: Mapping[str, frozenset[Role]] = {
    methods.PUBLISH: DUTY,
    methods.PUBLISH_STREAM: DUTY,
    methods.SUBSCRIBE: DUTY,
    methods.ACKNOWLEDGE: DUTY,
    methods.RECONCILE: DUTY,
    methods.ENTRIES: DUTY,
    methods.COSIGN: DUTY,
    methods.LIGHT_TURN: DUTY,
    methods.LIGHT_LEAVES: DUTY,
    methods.LIGHT_ENTRIES: DUTY,
    methods.BLOB_OFFER: DUTY,
    methods.BLOB_PUT: DUTY,
    methods.BLOB_LEAVES: DUTY,
    methods.BLOB_GET: DUTY,
    methods.SEARCH: AUDITORS,
    "/grpc.health.v1.Health/Check": DUTY,
    "/grpc.health.v1.Health/Watch": DUTY,
}
"""Roles required per method; the caller needs one of them. Empty for a node's duties.

Methods that are not listed cannot be called.
"""


@immutable
class AccessList:
    """Admission data from the members and the revocations, at one moment.

    Attributes:
        authorities: CA certificates, DER, by trust domain.
        former: CA certificates, DER, of agencies whose membership ended, by trust domain.
        issuer_keys: Token issuers' Ed25519 keys, 32 bytes each, by trust domain.
        denied_nodes: Excluded nodes.
        denied_keys: Revoked TLS keys: the revoking agency, and the key's id. The agency is part of
            the key, because any agency may revoke a foreign id.
    """

    authorities: Mapping[str, Sequence[bytes]]
    issuer_keys: Mapping[str, Sequence[bytes]]
    former: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    denied_nodes: frozenset[NodeUri] = field(default=frozenset())
    denied_keys: frozenset[tuple[str, bytes]] = field(default=frozenset())


@immutable
class Caller:
    """Caller of an admitted call.

    Attributes:
        certificate: The node's certificate, DER.
        leaf: The parsed certificate.
        token: The person's token, if presented.
    """

    certificate: bytes
    leaf: LeafCertificate
    token: AccessToken | None

    @property
    def node(self) -> NodeUri:
        """Returns the calling node."""
        return self.leaf.node

    @property
    def agency(self) -> AgencyUri:
        """Returns the calling node's agency."""
        return self.leaf.node.agency

    @property
    def pseudonym(self) -> bytes:
        """Returns the person's pseudonym, 32 bytes; empty for a node's own duty."""
        return bytes.fromhex(self.token.person.subject) if self.token else b""

    def require(self, roles: frozenset[Role]) -> None:
        """Checks that a person with one of ``roles`` makes this call.

        Raises:
            TokenRequired: If no person makes the call.
            NotPermitted: If the person has none of the roles.
        """
        if not roles:
            return
        if self.token is None:
            raise TokenRequired
        if not roles & self.token.person.roles:
            raise NotPermitted(f"this requires the role {' or '.join(sorted(roles))}")


class Authenticator:
    """Admission of calls under one access list at a time."""

    def __init__(self, exchange: ExchangeUri, access_list: AccessList) -> None:
        self._audience = str(exchange)
        self._access_list = access_list
        # Chains verified under this list, by certificate. Expiry and revocation are checked at
        # every call.
        self._verified: dict[bytes, LeafCertificate] = {}

    def replace(self, access_list: AccessList) -> None:
        """Replaces the access list, and discards all earlier verifications."""
        self._access_list = access_list
        self._verified = {}

    def admit(self, facts: TlsFacts, token: str | None, method: str, now_s: int) -> Caller:
        """Admits a call, and returns its caller.

        1. The connection is TLS 1.3 with the hybrid key exchange.
        2. Its certificate is a node's, issued by its agency's CA, and valid now.
        3. Neither the node nor its key is denied.
        4. The method exists; if it requires a role, a person with that role makes the call.

        Refusals follow this order for every outsider and every method.

        Args:
            facts: The connection, as the transport reports it.
            token: The access token of the call's metadata, or None.
            method: Full name of the method, for example ``/tearline.v1.Audit/Search``.
            now_s: The time, Unix seconds.

        Raises:
            TlsError: If a check fails; the concrete error tells which.
        """
        leaf = self.verify_node(facts, now_s)
        roles = METHODS.get(method)
        if roles is None:
            raise NotPermitted("there is no such method")
        person = None if token is None else self._person(token, leaf, now_s)
        caller = Caller(certificate=facts.peer_certificate, leaf=leaf, token=person)
        caller.require(roles)
        return caller

    def verify_node(self, facts: TlsFacts, now_s: int) -> LeafCertificate:
        """Returns the calling node's certificate, for any method.

        This is the cheap part of admission: it does not verify a token's signature.

        Args:
            facts: The connection, as the transport reports it.
            now_s: The time, Unix seconds.

        Raises:
            TlsError: If one of the first three checks of ``admit`` fails.
        """
        if (facts.version, facts.key_exchange_group) != (TLS_VERSION, KEY_EXCHANGE_GROUP):
            raise ConnectionRefused
        leaf = self._leaf(facts.peer_certificate, now_s)
        self._require_not_denied(leaf)
        return leaf

    def verify_still(self, caller: Caller, now_s: int) -> None:
        """Checks during a long call that its caller would still be admitted.

        Raises:
            TlsError: If the certificate or the token ended, or the node, its key, its agency or its
                CA was excluded.
        """
        self._require_not_denied(self._leaf(caller.certificate, now_s))
        if caller.token is not None:
            caller.token.verify_time(now_s)

    def _leaf(self, certificate: bytes, now_s: int) -> LeafCertificate:
        leaf = self._verified.get(certificate)
        if leaf is None:
            leaf = self._verify_leaf(certificate, now_s)
            if len(self._verified) >= MAX_VERIFIED_CERTIFICATES:
                self._verified.clear()
            self._verified[certificate] = leaf
        leaf.verify_time(now_s)
        return leaf

    def _verify_leaf(self, certificate: bytes, now_s: int) -> LeafCertificate:
        try:
            return verify_leaf(certificate, self._access_list.authorities, now_s)
        except CertificateRefused:
            # A former member proves first that it is one: nobody else learns who was a member.
            with suppress(CertificateRefused):
                verify_leaf(certificate, self._access_list.former, now_s)
                raise MembershipEnded from None
            raise

    def _require_not_denied(self, leaf: LeafCertificate) -> None:
        key = (str(leaf.node.agency), leaf.key_id)
        if leaf.node in self._access_list.denied_nodes or key in self._access_list.denied_keys:
            raise CallerDenied

    def _person(self, token: str, leaf: LeafCertificate, now_s: int) -> AccessToken:
        binding = Binding(
            node=leaf.node,
            thumbprint=leaf.thumbprint,
            audience=self._audience,
            issuer_keys=self._access_list.issuer_keys.get(leaf.node.trust_domain, ()),
        )
        found = verify_token(token, binding, now_s)
        try:
            parse_hex(found.person.subject, size=PSEUDONYM_SIZE)
        except MalformedInput:
            # The log keeps subjects for years, so the exchange accepts only pseudonyms.
            raise TokenRefused(
                "the subject of a token for the exchange must be a pseudonym"
            ) from None
        return found
