"""The persons and logins of an agency without an identity provider.

Persons, sessions and the issuer's key are secrets of a keystore; this module does no file I/O.
A login records that a person entered their passphrase. For half a day, the node may then issue
five-minute tokens in that person's name. The person's roles and status are read for each token.

The keystore bounds the protection: an attacker who opens it can issue tokens for every person
in it. An agency that must guard against its own node's operators runs a separate identity
provider, and has the trust list name that provider's key.
"""

import hmac
import json
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import field, replace

from tearline.crypto.passphrase import SALT_SIZE, stretch
from tearline.dataclass.immutable import immutable
from tearline.errors import (
    KeystoreDamaged,
    KeystoreEntryMissing,
    LoginRefused,
    LoginRequired,
    MalformedInput,
    PersonAmbiguous,
    PersonConflict,
    TearlineError,
)
from tearline.persons.tokens import Binding, IssuerKey, Person, Role, issue_token
from tearline.policy.marking import Tlp, parse_tlp
from tearline.text.choices import listed
from tearline_client.keys.keystore import Keystore
from tearline_client.persons.enrolment_codes import EnrolmentCodes
from tearline_client.persons.passkeys import Passkeys
from tearline_client.persons.provider_links import ProviderLinks

SESSION_LIFETIME_S = 12 * 3600  # a working day; then the person logs in again
MAX_PERSONS = 200  # capacity of one secret; a larger agency has an identity provider
MIN_PASSPHRASE_BYTES = 8
NODE = "node"
"""In place of a person's name: the node itself acts or reads, whoever is logged in."""

_ISSUER = "token-issuer"
_PERSONS = "persons"
_SESSIONS = "sessions"
_TOKEN_ID_SIZE = 16
_NAME = re.compile(r"[a-z](?:[a-z0-9.-]{0,62}[a-z0-9])?")


@immutable
class PersonRecord:
    """A person of the agency.

    Attributes:
        name: The agency's name for them; never reused for another person.
        roles: Their roles; at least one.
        clearance: The strictest TLP label they are cleared for.
        enabled: Whether they may act.
        salt: 16 random bytes.
        verifier: Slow digest of their passphrase with the salt.
    """

    name: str
    roles: frozenset[Role]
    clearance: Tlp
    enabled: bool
    salt: bytes = field(repr=False)
    verifier: bytes = field(repr=False)


@immutable
class Session:
    """Login of a person.

    Attributes:
        name: The person's name.
        began_s: Time of the login, Unix seconds.
        ends_s: End of the session, Unix seconds.
    """

    name: str
    began_s: int
    ends_s: int


class LocalIssuer:
    """Persons, logins and tokens of one agency, stored in a keystore.

    Each change holds the keystore's lock. Concurrent commands therefore lose no change.

    Attributes:
        present: Sessions of this process alone, by name; see ``SignIns``. They count for a person
            who is named, and never for an empty name.
        passkeys: Passkeys of the persons, for the console.
        codes: One-time codes with which persons enrol passkeys, or link an account.
        links: Links of persons with their accounts at the agency's identity provider.
    """

    def __init__(self, keystore: Keystore) -> None:
        self._keystore = keystore
        self.present: dict[str, Session] = {}
        self.passkeys = Passkeys(keystore)
        self.codes = EnrolmentCodes(keystore)
        self.links = ProviderLinks(keystore)

    @classmethod
    def create(cls, keystore: Keystore, key: IssuerKey) -> "LocalIssuer":
        """Creates an issuer without persons, and returns it; the trust list will name its ``key``.

        Raises:
            PersonConflict: If the keystore has an issuer already.
        """
        if _ISSUER in keystore.names():
            raise PersonConflict("there is an issuer of tokens already")
        keystore.put(_ISSUER, key.private_bytes())
        return cls(keystore)

    @property
    def public(self) -> bytes:
        """Returns the issuer's public Ed25519 key, 32 bytes, for the trust list."""
        return self._key().public

    def persons(self) -> tuple[PersonRecord, ...]:
        """Returns every present and past person, ascending by name."""
        return parse_persons(self._read(_PERSONS))

    def add(
        self, name: str, *, roles: Iterable[Role], clearance: Tlp, passphrase: bytes
    ) -> PersonRecord:
        """Adds a person.

        Raises:
            MalformedInput: If the name, the roles or the passphrase are invalid.
            PersonConflict: If the name was used before, or there are too many persons.
        """
        salt = secrets.token_bytes(SALT_SIZE)
        record = PersonRecord(
            name=name,
            roles=frozenset(roles),
            clearance=clearance,
            enabled=True,
            salt=salt,
            verifier=stretch(passphrase, salt),
        )
        if not record.roles:
            raise MalformedInput("a person has at least one role")
        with self._keystore.alone():
            persons = self.persons()
            _require_usable(persons, name, passphrase)
            self._keystore.put(_PERSONS, encode_persons([*persons, record]))
        return record

    def disable(self, name: str) -> None:
        """Disables a person, with their passkeys; their name stays reserved.

        Issued tokens stay valid for up to five minutes.

        Raises:
            PersonConflict: If there is no such person.
        """
        with self._keystore.alone():
            persons = self.persons()
            if not any(person.name == name for person in persons):
                raise PersonConflict("there is no such person")
            self._keystore.put(
                _PERSONS,
                encode_persons(
                    replace(person, enabled=False) if person.name == name else person
                    for person in persons
                ),
            )
        self.logout(name)
        self.codes.end(name)
        self.passkeys.end(name)

    def set_roles(self, name: str, roles: Iterable[Role]) -> frozenset[Role]:
        """Gives an enabled person other roles, and returns those before.

        Raises:
            MalformedInput: If there are no roles.
            PersonConflict: If there is no such person, or the person was disabled.
        """
        given = frozenset(roles)
        if not given:
            raise MalformedInput("a person has at least one role")
        with self._keystore.alone():
            persons = {each.name: each for each in self.persons()}
            found = persons.get(name)
            if found is None or not found.enabled:
                raise PersonConflict("there is no such person, or the person was disabled")
            if given != found.roles:
                persons[name] = replace(found, roles=given)
                self._keystore.put(_PERSONS, encode_persons(persons.values()))
        return found.roles

    def enrol(self, name: str, now_s: int) -> str:
        """Returns a one-time code with which a person enrols a passkey; an earlier one ends.

        Raises:
            PersonConflict: If there is no such person, or the person was disabled.
        """
        if not any(person.name == name and person.enabled for person in self.persons()):
            raise PersonConflict("there is no such person, or the person was disabled")
        return self.codes.issue(name, now_s)

    def login(self, name: str, passphrase: bytes, now_s: int) -> Session:
        """Begins a session of half a day, and replaces an earlier one.

        Raises:
            LoginRefused: If the person is unknown or disabled, or the passphrase is wrong.
        """
        verify_login(self.persons(), name, passphrase)
        session = Session(name=name, began_s=now_s, ends_s=now_s + SESSION_LIFETIME_S)
        with self._keystore.alone():
            living = (each for each in self._sessions() if now_s < each.ends_s)
            others = (each for each in living if each.name != name)
            self._keystore.put(_SESSIONS, encode_sessions([*others, session]))
        return session

    def logout(self, name: str) -> None:
        """Ends the person's session, if any."""
        with self._keystore.alone():
            sessions = self._sessions()
            others = [each for each in sessions if each.name != name]
            if len(others) < len(sessions):
                self._keystore.put(_SESSIONS, encode_sessions(others))

    def session(self, name: str, now_s: int) -> Session:
        """Returns the session of ``name``, or the only one for an empty name.

        Raises:
            LoginRequired: If there is none.
            PersonAmbiguous: If there are several, for an empty name.
        """
        stored = self._sessions()
        if name in self.present:
            stored = (*(each for each in stored if each.name != name), self.present[name])
        return choose_session(stored, name, now_s)

    def is_unattended(self, now_s: int) -> bool:
        """Returns whether no session is valid now: then the node acts by itself."""
        return not living_sessions(self._sessions(), now_s)

    def token(
        self, name: str, binding: Binding, *, now_s: int, pseudonym: bytes | None = None
    ) -> str:
        """Returns a five-minute token for a person who is logged in.

        Args:
            name: The acting person; empty for the only person logged in.
            binding: Scope in which the token is valid.
            now_s: The time, Unix seconds.
            pseudonym: The person's pseudonym in the token; None for their name, which only the
                agency's own node may see.

        Raises:
            LoginRequired: If the person is not logged in, or was disabled.
            PersonAmbiguous: If several are logged in, for an empty name.
        """
        session = self.session(name, now_s)
        person = next((each for each in self.persons() if each.name == session.name), None)
        if person is None or not person.enabled:
            raise LoginRequired("the person was disabled")
        subject = person.name if pseudonym is None else pseudonym.hex()
        return issue_token(
            self._key(),
            Person(subject=subject, roles=person.roles, clearance=person.clearance),
            binding,
            token_id=secrets.token_bytes(_TOKEN_ID_SIZE),
            now_s=now_s,
        )

    def _sessions(self) -> tuple[Session, ...]:
        return parse_sessions(self._read(_SESSIONS))

    def _key(self) -> IssuerKey:
        return IssuerKey(self._keystore.get(_ISSUER))

    def _read(self, name: str) -> bytes:
        try:
            return self._keystore.get(name)
        except KeystoreEntryMissing:
            return b"[]"


def verify_login(persons: Sequence[PersonRecord], name: str, passphrase: bytes) -> None:
    """Checks that ``passphrase`` belongs to the enabled person ``name``.

    Every refusal takes the same time and has the same text.

    Raises:
        LoginRefused: If the person is unknown or disabled, or the passphrase is wrong.
    """
    found = next((person for person in persons if person.name == name and person.enabled), None)
    salt = found.salt if found else bytes(SALT_SIZE)
    given = stretch(passphrase, salt)
    if found is None or not hmac.compare_digest(given, found.verifier):
        raise LoginRefused


def living_sessions(sessions: Sequence[Session], now_s: int) -> tuple[Session, ...]:
    """Returns the sessions that are valid at ``now_s``."""
    # A session from the future was made under another clock: it could last for ever.
    return tuple(each for each in sessions if each.began_s <= now_s < each.ends_s)


def choose_session(sessions: Sequence[Session], name: str, now_s: int) -> Session:
    """Returns the valid session of ``name`` at ``now_s``, or the only one for an empty name.

    Raises:
        LoginRequired: If there is none.
        PersonAmbiguous: If there are several, for an empty name.
    """
    found = [each for each in living_sessions(sessions, now_s) if name in ("", each.name)]
    if len(found) > 1:
        raise PersonAmbiguous(listed(each.name for each in found))
    if not found:
        raise LoginRequired(name)
    return found[0]


def encode_persons(persons: Iterable[PersonRecord]) -> bytes:
    """Returns persons as one secret."""
    return _encode(
        [
            person.name,
            sorted(person.roles),
            person.clearance.text,
            person.enabled,
            person.salt.hex(),
            person.verifier.hex(),
        ]
        for person in sorted(persons, key=lambda person: person.name)
    )


def parse_persons(data: bytes) -> tuple[PersonRecord, ...]:
    """Returns the persons in a secret of ``encode_persons``.

    Raises:
        KeystoreDamaged: If it is malformed.
    """
    try:
        return tuple(
            PersonRecord(
                name=name,
                roles=frozenset(Role(role) for role in roles),
                clearance=parse_tlp(clearance),
                enabled=bool(enabled),
                salt=bytes.fromhex(salt),
                verifier=bytes.fromhex(verifier),
            )
            for name, roles, clearance, enabled, salt, verifier in json.loads(data)
        )
    except (ValueError, TypeError, TearlineError):
        raise KeystoreDamaged(_PERSONS) from None


def encode_sessions(sessions: Iterable[Session]) -> bytes:
    """Returns sessions as one secret."""
    return _encode([each.name, each.began_s, each.ends_s] for each in sessions)


def parse_sessions(data: bytes) -> tuple[Session, ...]:
    """Returns the sessions in a secret of ``encode_sessions``.

    Raises:
        KeystoreDamaged: If it is malformed.
    """
    try:
        return tuple(
            Session(name=name, began_s=int(began_s), ends_s=int(ends_s))
            for name, began_s, ends_s in json.loads(data)
        )
    except (ValueError, TypeError):
        raise KeystoreDamaged(_SESSIONS) from None


def _encode(rows: Iterable[Sequence[object]]) -> bytes:
    return json.dumps(list(rows), separators=(",", ":")).encode()


def _require_usable(persons: Sequence[PersonRecord], name: str, passphrase: bytes) -> None:
    if not _NAME.fullmatch(name):
        raise MalformedInput("a person's name is lower-case letters, digits, dots and hyphens")
    if name == NODE:
        raise MalformedInput(f"{NODE} stands for the node itself, and names no person")
    if len(passphrase) < MIN_PASSPHRASE_BYTES:
        raise MalformedInput(f"a passphrase has at least {MIN_PASSPHRASE_BYTES} bytes")
    if any(person.name == name for person in persons):
        # Not even a disabled person's name: both would have one pseudonym.
        raise PersonConflict("the name was given before")
    if len(persons) >= MAX_PERSONS:
        raise PersonConflict(f"there are {MAX_PERSONS} persons; use an identity provider")
