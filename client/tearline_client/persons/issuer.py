"""The persons and logins of an agency without an identity provider.

Persons, sessions and the issuer's key are secrets of a keystore; this module does no file I/O.
A login records that a person entered their passphrase. For half a day, the node may then issue
five-minute tokens in that person's name. The person's roles and status are read for each token.

The keystore bounds the protection: an attacker who opens it can issue tokens for every person
in it. An agency that must guard against its own node's operators runs a separate identity
provider, and has its member record name that provider's key.
"""

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tearline.audit.event import EventCode
from tearline.crypto.passphrase import KEY_SIZE, SALT_SIZE, stretch
from tearline.errors import (
    KeystoreEntryMissing,
    LoginRefused,
    LoginRequired,
    MalformedInput,
    PersonConflict,
)
from tearline.persons.tokens import Binding, IssuerKey, Person, Role, issue_token
from tearline.policy.marking import Tlp
from tearline_client.keys.keystore import Keystore
from tearline_client.persons.changes import PersonAct, Record, roles_text, unrecorded
from tearline_client.persons.enrolment_codes import EnrolmentCodes
from tearline_client.persons.passkeys import Passkey, Passkeys
from tearline_client.persons.provider_links import ProviderLinks
from tearline_client.persons.records import (
    PERSONS,
    SESSIONS,
    PersonRecord,
    Session,
    choose_session,
    encode_persons,
    encode_sessions,
    living_sessions,
    parse_persons,
    parse_sessions,
    verify_login,
)

SESSION_LIFETIME_S = 12 * 3600  # a working day; then the person logs in again
MAX_PERSONS = 200  # capacity of one secret; a larger agency has an identity provider
MIN_PASSPHRASE_BYTES = 8
NODE = "node"
"""In place of a person's name: the node itself acts or reads, whoever is logged in."""

_ISSUER = "token-issuer"
_TOKEN_ID_SIZE = 16
_NAME = re.compile(r"[a-z](?:[a-z0-9.-]{0,62}[a-z0-9])?")


class LocalIssuer:
    """Persons, logins and tokens of one agency, stored in a keystore.

    Each change holds the keystore's lock. Concurrent commands therefore lose no change. Each is
    recorded before it is done.

    Args:
        keystore: The keystore.
        record: Writes sign-ins and changes into the node's access log.

    Attributes:
        present: Sessions of this process alone, by name; see ``SignIns``. They count for a person
            who is named, and never for an empty name.
        passkeys: Passkeys of the persons, for the console.
        codes: One-time codes with which persons enrol passkeys, or link an account.
        links: Links of persons with their accounts at the agency's identity provider.
    """

    def __init__(self, keystore: Keystore, record: Record = unrecorded) -> None:
        self._keystore = keystore
        self.record = record
        self.present: dict[str, Session] = {}
        self.passkeys = Passkeys(keystore)
        self.codes = EnrolmentCodes(keystore)
        self.links = ProviderLinks(keystore)

    @classmethod
    def create(cls, keystore: Keystore, key: IssuerKey) -> "LocalIssuer":
        """Creates an issuer without persons, and returns it; the member record names its ``key``.

        Raises:
            PersonConflict: If the keystore has an issuer already.
        """
        if _ISSUER in keystore.names():
            raise PersonConflict("there is an issuer of tokens already")
        keystore.put(_ISSUER, key.private_bytes())
        return cls(keystore)

    @property
    def public(self) -> bytes:
        """Returns the issuer's public Ed25519 key, 32 bytes, for the member record."""
        return self._key().public

    def persons(self) -> tuple[PersonRecord, ...]:
        """Returns every present and past person, ascending by name."""
        return parse_persons(self._read(PERSONS))

    def add(
        self,
        name: str,
        *,
        roles: Iterable[Role],
        clearance: Tlp,
        passphrase: bytes | None,
        by: str = "",
    ) -> PersonRecord:
        """Adds a person.

        Args:
            name: The person's name.
            roles: At least one role.
            clearance: The person's clearance.
            passphrase: The passphrase; None: the person has none until ``set_passphrase``.
            by: The person who adds them.

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
            # No passphrase is known that leads to random bytes.
            verifier=secrets.token_bytes(KEY_SIZE)
            if passphrase is None
            else stretch(passphrase, salt),
        )
        if not record.roles:
            raise MalformedInput("a person has at least one role")
        if passphrase is not None:
            _require_long(passphrase)
        with self._keystore.alone():
            persons = self.persons()
            _require_usable(persons, name)
            detail = roles_text(record.roles)
            self.record(PersonAct(code=EventCode.PERSON_ADDED, person=name, by=by, detail=detail))
            self._keystore.put(PERSONS, encode_persons([*persons, record]))
        return record

    def disable(self, name: str, *, by: str = "") -> None:
        """Disables a person, with their passkeys; their name stays reserved.

        Issued tokens stay valid for up to five minutes.

        Raises:
            PersonConflict: If there is no such person.
        """
        with self._keystore.alone():
            persons = self.persons()
            if not any(person.name == name for person in persons):
                raise PersonConflict("there is no such person")
            self.record(PersonAct(code=EventCode.PERSON_DISABLED, person=name, by=by))
            self._keystore.put(
                PERSONS,
                encode_persons(
                    replace(person, enabled=False) if person.name == name else person
                    for person in persons
                ),
            )
        self.logout(name)
        self.codes.end(name)
        self.passkeys.end(name)

    def set_roles(self, name: str, roles: Iterable[Role], *, by: str = "") -> None:
        """Gives an enabled person other roles.

        Raises:
            MalformedInput: If there are no roles.
            PersonConflict: If there is no such person, or the person was disabled.
        """
        given = frozenset(roles)
        if not given:
            raise MalformedInput("a person has at least one role")
        with self._keystore.alone():
            persons, found = self._enabled(name)
            if given != found.roles:
                act = PersonAct(
                    code=EventCode.PERSON_ROLES, person=name, by=by, detail=roles_text(given)
                )
                self.record(act)
                persons[name] = replace(found, roles=given)
                self._keystore.put(PERSONS, encode_persons(persons.values()))

    def set_zone(self, name: str, zone: str) -> None:
        """Gives an enabled person another time zone; it signs nobody in, and is no entry.

        Raises:
            PersonConflict: If there is no such person, or the person was disabled.
        """
        with self._keystore.alone():
            persons, found = self._enabled(name)
            persons[name] = replace(found, zone=zone)
            self._keystore.put(PERSONS, encode_persons(persons.values()))

    def _enabled(self, name: str) -> tuple[dict[str, PersonRecord], PersonRecord]:
        """Returns all persons by name, and the enabled one of this name."""
        persons = {each.name: each for each in self.persons()}
        found = persons.get(name)
        if found is None or not found.enabled:
            raise PersonConflict("there is no such person, or the person was disabled")
        return persons, found

    def set_passphrase(self, name: str, passphrase: bytes, *, by: str = "") -> None:
        """Gives an enabled person another passphrase, or a first one.

        Raises:
            MalformedInput: If the passphrase is too short.
            PersonConflict: If there is no such person, or the person was disabled.
        """
        _require_long(passphrase)
        salt = secrets.token_bytes(SALT_SIZE)
        verifier = stretch(passphrase, salt)
        with self._keystore.alone():
            persons, found = self._enabled(name)
            self.record(PersonAct(code=EventCode.PERSON_PASSPHRASE, person=name, by=by))
            persons[name] = replace(found, salt=salt, verifier=verifier)
            self._keystore.put(PERSONS, encode_persons(persons.values()))
        self.logout(name)

    def add_passkey(self, name: str, passkey: Passkey, *, by: str = "") -> None:
        """Adds a passkey of a person.

        Raises:
            PasskeyRefused: If it cannot be added; see ``Passkeys``.
        """
        self.passkeys.verify_room(name, passkey)
        self.record(PersonAct(code=EventCode.PASSKEY_ADDED, person=name, by=by))
        self.passkeys.add(name, passkey)

    def remove_passkey(self, name: str, passkey_id: bytes, *, by: str = "") -> None:
        """Removes a passkey of a person, if there is such a one."""
        if any(each.id == passkey_id for each in self.passkeys.owned(name)):
            self.record(PersonAct(code=EventCode.PASSKEY_REMOVED, person=name, by=by))
            self.passkeys.remove(name, passkey_id)

    def link(self, name: str, issuer: str, subject: str, *, by: str = "") -> None:
        """Links a person with an account at the identity provider.

        Raises:
            PersonConflict: If one of them is linked already.
        """
        self.links.verify_free(name, issuer, subject)
        self.record(PersonAct(code=EventCode.ACCOUNT_LINKED, person=name, by=by))
        self.links.add(name, issuer, subject)

    def unlink(self, name: str, *, by: str = "") -> None:
        """Removes the link of a person with an account, if there is one."""
        if self.links.has(name):
            self.record(PersonAct(code=EventCode.ACCOUNT_REMOVED, person=name, by=by))
            self.links.remove(name)

    def enrol(self, name: str, now_s: int, *, by: str = "") -> str:
        """Returns a one-time code with which a person enrols a passkey; an earlier one ends.

        Raises:
            PersonConflict: If there is no such person, or the person was disabled.
        """
        if not any(person.name == name and person.enabled for person in self.persons()):
            raise PersonConflict("there is no such person, or the person was disabled")
        self.record(PersonAct(code=EventCode.PERSON_CODE, person=name, by=by))
        return self.codes.issue(name, now_s)

    def login(self, name: str, passphrase: bytes, now_s: int) -> Session:
        """Begins a session of half a day, and replaces an earlier one.

        Raises:
            LoginRefused: If the person is unknown or disabled, or the passphrase is wrong.
        """
        act = PersonAct(code=EventCode.SIGN_IN, person=name, by=name, detail="passphrase")
        persons = self.persons()
        try:
            verify_login(persons, name, passphrase)
        except LoginRefused as error:
            # A name that no person has may be a passphrase, typed into the wrong line.
            known = name if any(each.name == name for each in persons) else ""
            self.record(replace(act, person=known, by="", refused=error.code))
            raise
        self.record(act)
        session = Session(name=name, began_s=now_s, ends_s=now_s + SESSION_LIFETIME_S)
        with self._keystore.alone():
            living = (each for each in self._sessions() if now_s < each.ends_s)
            others = (each for each in living if each.name != name)
            self._keystore.put(SESSIONS, encode_sessions([*others, session]))
        return session

    def logout(self, name: str) -> None:
        """Ends the person's session, if any."""
        with self._keystore.alone():
            sessions = self._sessions()
            others = [each for each in sessions if each.name != name]
            if len(others) < len(sessions):
                self._keystore.put(SESSIONS, encode_sessions(others))

    def end_all(self) -> None:
        """Ends every stored session and one-time code, of whomever."""
        with self._keystore.alone():
            self._keystore.put(SESSIONS, encode_sessions([]))
        self.codes.end_all()

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
        return parse_sessions(self._read(SESSIONS))

    def _key(self) -> IssuerKey:
        return IssuerKey(self._keystore.get(_ISSUER))

    def _read(self, name: str) -> bytes:
        try:
            return self._keystore.get(name)
        except KeystoreEntryMissing:
            return b"[]"


def _require_usable(persons: Sequence[PersonRecord], name: str) -> None:
    if not _NAME.fullmatch(name):
        raise MalformedInput("a person's name is lower-case letters, digits, dots and hyphens")
    if name == NODE:
        raise MalformedInput(f"{NODE} stands for the node itself, and names no person")
    if any(person.name == name for person in persons):
        # Not even a disabled person's name: both would have one pseudonym.
        raise PersonConflict("the name was given before")
    if len(persons) >= MAX_PERSONS:
        raise PersonConflict(f"there are {MAX_PERSONS} persons; use an identity provider")


def _require_long(passphrase: bytes) -> None:
    if len(passphrase) < MIN_PASSPHRASE_BYTES:
        raise MalformedInput(f"a passphrase has at least {MIN_PASSPHRASE_BYTES} bytes")
