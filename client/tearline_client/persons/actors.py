"""The person behind an act: checked when they act, known to partners by a pseudonym alone."""

import hashlib
from collections.abc import Sequence

from tearline.errors import LoginRequired, NotPermitted
from tearline.persons.tokens import AccessToken, Binding, Role, acted_by, pairwise_id, verify_token
from tearline.statements.statement import ActedBy
from tearline_client.keys.home import PSEUDONYM_KEY, Home
from tearline_client.keys.keystore import Keystore
from tearline_client.persons.issuer import NODE, LocalIssuer


class Actors:
    """The agency's persons at this node.

    Args:
        home: The node's home.
        keystore: Its keystore, which holds persons and sessions.
    """

    def __init__(self, home: Home, keystore: Keystore) -> None:
        self._home = home
        self._keystore = keystore
        self._issuer = LocalIssuer(keystore)

    def acted_by(
        self, name: str, agreement_id: bytes, role: Role, *, now_ms: int
    ) -> ActedBy | None:
        """The person who acts, as partners under an agreement may know them.

        Args:
            name: Who; empty for whoever is logged in, ``NODE`` for the node itself.
            agreement_id: 16 bytes.
            role: What the act takes.
            now_ms: The time, Unix milliseconds.

        Returns:
            None for the node's own act: it was named, or no person was and none is logged in.

        Raises:
            TlsError: If the person named is not logged in, or does not have the role; or if
                several are logged in, and none was named.
        """
        if self._is_own_act(name, now_ms // 1000):
            return None
        token = self._checked(name, now_ms // 1000)
        return acted_by(
            token,
            role,
            agency_key=self._keystore.get(PSEUDONYM_KEY),
            agreement_id=agreement_id,
            time_ms=now_ms,
        )

    def acted_as(
        self, name: str, agreement_id: bytes, roles: Sequence[Role], *, now_ms: int
    ) -> ActedBy:
        """The person who acts, in the first of these roles that is theirs.

        Raises:
            TlsError: If nobody is logged in, or who is has none of the roles.
        """
        held = self._checked(name, now_ms // 1000).person.roles
        role = next((role for role in roles if role in held), roles[-1])
        acted = self.acted_by(name, agreement_id, role, now_ms=now_ms)
        if acted is None:
            raise LoginRequired
        return acted

    def person(self, name: str, role: Role, *, now_ms: int) -> str:
        """The person who decides something here, by the agency's own name for them.

        Raises:
            TlsError: If nobody is logged in, or who is does not have the role.
        """
        person = self._checked(name, now_ms // 1000).person
        if role not in person.roles:
            raise NotPermitted(f"this takes the role {role}")
        return person.subject

    def may_act(self, subject: str, role: str) -> bool:
        """Whether a person, by the agency's own name, may act in a role now, logged in or not."""
        return any(
            person.name == subject and person.enabled and role in person.roles
            for person in self._issuer.persons()
        )

    def reader(self, name: str, *, now_ms: int, contents: bool = False) -> str:
        """Who reads here, by the agency's own name; empty where it is the node itself.

        Args:
            name: Who; empty for whoever is logged in, ``NODE`` for the node itself.
            now_ms: The time, Unix milliseconds.
            contents: Whether contents are shown: auditors see what was done, not what was said.

        Raises:
            TlsError: If the person named is not logged in, or is an auditor and nothing else where
                contents are shown; or if several are logged in, and none was named.
        """
        if self._is_own_act(name, now_ms // 1000):
            return ""
        person = self._checked(name, now_ms // 1000).person
        if contents and person.roles == {Role.AUDITOR}:
            raise NotPermitted("an auditor is shown no contents")
        return person.subject

    def token(self, name: str, *, now_ms: int) -> str:
        """A live token of a person, for calls to the exchange; it does not name them.

        Raises:
            TlsError: If the person is not logged in.
        """
        now_s = now_ms // 1000
        if name == NODE:
            raise LoginRequired("a person asks for this, and not the node")
        session = self._issuer.session(name, now_s)
        pseudonym = pairwise_id(self._keystore.get(PSEUDONYM_KEY), session.name, b"")
        return self._issuer.token(session.name, self._binding(), now_s=now_s, pseudonym=pseudonym)

    def _is_own_act(self, name: str, now_s: int) -> bool:
        return name == NODE or (not name and self._issuer.is_unattended(now_s))

    def _checked(self, name: str, now_s: int) -> AccessToken:
        if name == NODE:
            raise LoginRequired("a person decides this, and not the node")
        binding = self._binding()
        return verify_token(self._issuer.token(name, binding, now_s=now_s), binding, now_s)

    def _binding(self) -> Binding:
        certificate = self._home.tls_identity(self._keystore).certificate
        return Binding(
            audience=self._home.trust_list()[1].exchange.uri,
            node=self._home.identity().node_uri,
            thumbprint=hashlib.sha256(certificate).digest(),
            issuer_keys=(self._issuer.public,),
        )
