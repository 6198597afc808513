"""The gate: who calls, and whether they may. Whatever is not allowed is refused.

Every call passes here, also on a connection that was admitted before: a certificate ends,
a key is revoked and an agency leaves while connections stay open.

A node is known by its connection. A person is known by an access token, and only calls that
a person makes need one: to audit. The rest is a node's unattended duty, and what a person
decided then stands inside the signed statements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tearline.certificates import Leaf, TlsFacts, verify_leaf
from tearline.encoding import parse_hex
from tearline.errors import (
    CallerDenied,
    ConnectionRefused,
    MalformedInput,
    NotPermitted,
    TokenRefused,
    TokenRequired,
)
from tearline.identity import AgencyUri, ExchangeUri, NodeUri
from tearline.limits import MAX_VERIFIED_CERTIFICATES
from tearline.rpc import methods
from tearline.tokens import AccessToken, Binding, Role, verify_token

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
    methods.PROVE: DUTY,
    methods.SEARCH: AUDITORS,
    "/grpc.health.v1.Health/Check": DUTY,
    "/grpc.health.v1.Health/Watch": DUTY,
}
"""The roles of which a person must have one to make a call; none for a node's own duties.

A method that does not stand here cannot be called.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Whom the trust list and the revocations let in, as of one moment.

    Attributes:
        authorities: CA certificates, DER, by trust domain.
        issuer_keys: Token issuers' Ed25519 keys, 32 bytes each, by trust domain.
        denied_nodes: Nodes that were shut out.
        denied_keys: Of TLS keys that were revoked: the agency that said so, and the id. An id
            says nothing without its agency: anyone may revoke an id that is not theirs.
    """

    authorities: Mapping[str, Sequence[bytes]]
    issuer_keys: Mapping[str, Sequence[bytes]]
    denied_nodes: frozenset[NodeUri] = field(default=frozenset())
    denied_keys: frozenset[tuple[str, bytes]] = field(default=frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who makes an admitted call.

    Attributes:
        certificate: The node's certificate, DER.
        leaf: What that certificate says.
        token: The person's token, where one was presented.
    """

    certificate: bytes
    leaf: Leaf
    token: AccessToken | None

    @property
    def node(self) -> NodeUri:
        """The calling node."""
        return self.leaf.node

    @property
    def agency(self) -> AgencyUri:
        """The calling node's agency."""
        return self.leaf.node.agency

    @property
    def pseudonym(self) -> bytes:
        """The person's pseudonym, 32 bytes; empty for a node's own duty."""
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
            raise NotPermitted(f"this takes the role {' or '.join(sorted(roles))}")


class Gate:
    """Admits calls under one roster at a time."""

    def __init__(self, exchange: ExchangeUri, roster: Roster) -> None:
        self._audience = str(exchange)
        self._roster = roster
        # Chains that verified under this roster, by certificate. What changes with time or
        # by revocation is asked anew at each call.
        self._verified: dict[bytes, Leaf] = {}

    def replace(self, roster: Roster) -> None:
        """From now on admits under ``roster``; nothing that was found before counts."""
        self._roster = roster
        self._verified = {}

    def admit(self, facts: TlsFacts, token: str | None, method: str, now_s: int) -> Caller:
        """Decides whether a call may be made.

        1. The connection is TLS 1.3 with the hybrid key exchange.
        2. Its certificate speaks for a node, by the node's own agency's CA, now.
        3. Neither the node nor its key was shut out.
        4. The method exists; where it is a person's, a person with the role makes it.

        The same refusals in the same order meet every outsider, whatever the method.

        Args:
            facts: What the transport saw.
            token: The access token of the call's metadata, or None.
            method: Full name of the method, for example ``/tearline.v1.Audit/Search``.
            now_s: The time, Unix seconds.

        Raises:
            TlsError: If it may not; the concrete error says which of these failed.
        """
        leaf = self.verify_node(facts, now_s)
        roles = METHODS.get(method)
        if roles is None:
            raise NotPermitted("there is no such method")
        person = None if token is None else self._person(token, leaf, now_s)
        caller = Caller(certificate=facts.peer_certificate, leaf=leaf, token=person)
        caller.require(roles)
        return caller

    def verify_node(self, facts: TlsFacts, now_s: int) -> Leaf:
        """Returns the certificate of the node that calls, whatever it asks for.

        That is the cheap part of admitting: a token's signature is not looked at.

        Args:
            facts: What the transport saw.
            now_s: The time, Unix seconds.

        Raises:
            TlsError: If one of the first three steps of ``admit`` failed.
        """
        if (facts.version, facts.key_exchange_group) != (TLS_VERSION, KEY_EXCHANGE_GROUP):
            raise ConnectionRefused
        leaf = self._leaf(facts.peer_certificate, now_s)
        self._require_not_denied(leaf)
        return leaf

    def verify_still(self, caller: Caller, now_s: int) -> None:
        """Checks, in the course of a long call, that its caller would still be let in.

        Raises:
            TlsError: If the certificate or the token ended, or the node, its key, its agency
                or its agency's CA was shut out.
        """
        self._require_not_denied(self._leaf(caller.certificate, now_s))
        if caller.token is not None:
            caller.token.verify_time(now_s)

    def _leaf(self, certificate: bytes, now_s: int) -> Leaf:
        leaf = self._verified.get(certificate)
        if leaf is None:
            leaf = verify_leaf(certificate, self._roster.authorities, now_s)
            if len(self._verified) >= MAX_VERIFIED_CERTIFICATES:
                self._verified.clear()
            self._verified[certificate] = leaf
        leaf.verify_time(now_s)
        return leaf

    def _require_not_denied(self, leaf: Leaf) -> None:
        key = (str(leaf.node.agency), leaf.key_id)
        if leaf.node in self._roster.denied_nodes or key in self._roster.denied_keys:
            raise CallerDenied

    def _person(self, token: str, leaf: Leaf, now_s: int) -> AccessToken:
        binding = Binding(
            node=leaf.node,
            thumbprint=leaf.thumbprint,
            audience=self._audience,
            issuer_keys=self._roster.issuer_keys.get(leaf.node.trust_domain, ()),
        )
        found = verify_token(token, binding, now_s)
        try:
            parse_hex(found.person.subject, size=PSEUDONYM_SIZE)
        except MalformedInput:
            # A name would be kept here for years; the exchange is told pseudonyms only.
            raise TokenRefused("towards the exchange a person goes by a pseudonym") from None
        return found
