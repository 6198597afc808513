"""Acting persons: verified on each act, known to partners only by a pseudonym."""

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property

from tearline.errors import LoginRequired, NotPermitted
from tearline.persons.tokens import AccessToken, Binding, Role, acted_by, pairwise_id, verify_token
from tearline.statements.statement import ActedBy
from tearline.text.choices import one_of
from tearline_client.keys.home import PSEUDONYM_KEY, Home
from tearline_client.keys.keystore import Keystore
from tearline_client.persons.changes import Record, unrecorded
from tearline_client.persons.issuer import NODE, LocalIssuer
from tearline_client.persons.register import PersonRegister
from tearline_client.persons.sign_ins import SignIns

_MAX_SUBJECTS = 1_000  # an act is recorded within seconds of its token


class Actors:
    """The agency's persons at this node, as ``node.persons``.

    Args:
        home: The node's home.
        keystore: Its keystore, which holds persons and sessions.
        now_ms: Returns the time, Unix milliseconds.
        exchange: Returns the URI of the exchange, for which tokens are made; by default that of
            the pinned charter.
        record: Writes sign-ins and changes of persons into the access log.

    Attributes:
        sign_ins: Persons who are signed in to this process alone.
        register: The persons, changed by an officer in charge.
    """

    def __init__(
        self,
        home: Home,
        keystore: Keystore,
        now_ms: Callable[[], int],
        record: Record = unrecorded,
        *,
        exchange: Callable[[], str] | None = None,
    ) -> None:
        self._home = home
        self._keystore = keystore
        self._now_ms = now_ms
        self._exchange = exchange or (lambda: self._pinned_exchange)
        self._issuer = LocalIssuer(keystore, record)
        self._subjects: dict[bytes, str] = {}  # by the hash of the token; the newest ones
        self.sign_ins = SignIns(self._issuer)
        self.register = PersonRegister(
            self._issuer, lambda name: self.person(name, Role.OFFICER), now_ms
        )

    def verify_known(self, name: str) -> None:
        """Verifies that a name is a person's, the node's own, or empty.

        Raises:
            LoginRequired: If not; it names the nearest person.
        """
        known = [each.name for each in self._issuer.persons() if each.enabled]
        if name not in ("", NODE, *known):
            raise LoginRequired(one_of(name, "person", known))

    def acted_by(self, name: str, agreement_id: bytes, role: Role) -> ActedBy | None:
        """Returns the acting person under the pseudonym of an agreement.

        Args:
            name: The person's name; empty for the logged-in person, ``NODE`` for the node itself.
            agreement_id: 16 bytes.
            role: The required role.

        Returns:
            None for the node's own act: the node is named, or no person is named or logged in.

        Raises:
            TlsError: If the named person is not logged in or lacks the role; or if several are
                logged in, and none is named.
        """
        if self._is_own_act(name):
            return None
        token = self._checked(name)
        acted = acted_by(
            token,
            role,
            agency_key=self._keystore.get(PSEUDONYM_KEY),
            agreement_id=agreement_id,
            time_ms=self._now_ms(),
        )
        self._subjects[acted.token_hash] = token.person.subject
        if len(self._subjects) > _MAX_SUBJECTS:
            del self._subjects[next(iter(self._subjects))]
        return acted

    def subject_of(self, acted: ActedBy) -> str:
        """Returns the agency's own name of a person whom ``acted_by`` named, or empty.

        It is known in the process that named the person, which is the one that records the act.
        """
        return self._subjects.get(acted.token_hash, "")

    def acted_as(self, name: str, agreement_id: bytes, roles: Sequence[Role]) -> ActedBy:
        """Returns the acting person, in the first of these roles that they have.

        Raises:
            TlsError: If no person with one of the roles is logged in.
        """
        held = self._checked(name).person.roles
        role = next((role for role in roles if role in held), roles[-1])
        acted = self.acted_by(name, agreement_id, role)
        if acted is None:
            raise LoginRequired
        return acted

    def person(self, name: str, role: Role) -> str:
        """Returns the agency's own name of the deciding person.

        Raises:
            TlsError: If no person with the role is logged in.
        """
        person = self._checked(name).person
        if role not in person.roles:
            raise NotPermitted(f"this requires the role {role}")
        return person.subject

    def may_act(self, subject: str, role: str) -> bool:
        """Returns whether a person, by the agency's own name, may act in a role now."""
        return any(
            person.name == subject and person.enabled and role in person.roles
            for person in self._issuer.persons()
        )

    def reader(self, name: str, *, contents: bool = False) -> str:
        """Returns the agency's own name of the reader; empty for the node itself.

        Args:
            name: The person's name; empty for the logged-in person, ``NODE`` for the node itself.
            contents: Whether contents are shown: auditors see acts, not contents.

        Raises:
            TlsError: If the named person is not logged in, or is only an auditor and contents are
                shown; or if several are logged in, and none is named.
        """
        if self._is_own_act(name):
            return ""
        person = self._checked(name).person
        if contents and person.roles == {Role.AUDITOR}:
            raise NotPermitted("an auditor may not see contents; a person with another role may")
        return person.subject

    def token(self, name: str) -> str:
        """Returns a valid token of a person for calls to the exchange; it does not name them.

        Raises:
            TlsError: If the person is not logged in.
        """
        now_s = self._now_s()
        if name == NODE:
            raise LoginRequired("a person asks for this, and not the node")
        session = self._issuer.session(name, now_s)
        pseudonym = pairwise_id(self._keystore.get(PSEUDONYM_KEY), session.name, b"")
        return self._issuer.token(session.name, self._binding(), now_s=now_s, pseudonym=pseudonym)

    @cached_property
    def _pinned_exchange(self) -> str:
        """The exchange's URI, as pinned: read once, since each read verifies the founding."""
        return self._home.pinned().members.exchange.uri

    def _is_own_act(self, name: str) -> bool:
        return name == NODE or (not name and self._issuer.is_unattended(self._now_s()))

    def _checked(self, name: str) -> AccessToken:
        if name == NODE:
            raise LoginRequired("a person decides this, and not the node")
        binding, now_s = self._binding(), self._now_s()
        return verify_token(self._issuer.token(name, binding, now_s=now_s), binding, now_s)

    def _now_s(self) -> int:
        return self._now_ms() // 1000

    def _binding(self) -> Binding:
        certificate = self._home.tls_identity(self._keystore).certificate
        return Binding(
            audience=self._exchange(),
            node=self._home.identity().node_uri,
            thumbprint=hashlib.sha256(certificate).digest(),
            issuer_keys=(self._issuer.public,),
        )
