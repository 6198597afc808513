"""Persons signed in to this process: ``node.sign_ins``.

``tearline login`` stores a session in the keystore, for every later command. A program that many
persons use at once, each through a session of its own, keeps those sessions itself. It tells the
node which persons are present, and for how long. This is stored nowhere, and ends with the process.
"""

import hmac
from collections.abc import Iterable
from dataclasses import replace

from tearline.audit.event import EventCode
from tearline.encoding import labelled_sha256, prefixed
from tearline.errors import LoginRefused, LoginRequired, PasskeyRefused
from tearline.persons.tokens import Role
from tearline_client.persons.changes import PersonAct
from tearline_client.persons.issuer import LocalIssuer
from tearline_client.persons.passkeys import Passkey
from tearline_client.persons.records import (
    UTC_NAME,
    PersonRecord,
    Session,
    encode_persons,
    verify_login,
)


class SignIns:
    """Register of the persons signed in to this process.

    Args:
        issuer: The agency's persons.

    Attributes:
        passkeys: Passkeys of the persons.
        links: Links of the persons with their accounts at the agency's identity provider.
    """

    def __init__(self, issuer: LocalIssuer) -> None:
        self._issuer = issuer
        self.passkeys = issuer.passkeys
        self.links = issuer.links

    def person(self, name: str) -> PersonRecord:
        """Returns an enabled person, with their roles as of now.

        Raises:
            LoginRequired: If there is no such person, or the person was disabled.
        """
        for person in self._issuer.persons():
            if person.name == name and person.enabled:
                return person
        raise LoginRequired("the person was disabled")

    def credentials(self, person: PersonRecord) -> bytes:
        """Returns a digest of a person's roles, and of all that signs them in.

        It changes with their passphrase, passkeys, account and roles, in whichever process. A use
        of a passkey does not change it.
        """
        owned = [
            prefixed(each.id) + prefixed(each.key) for each in self.passkeys.owned(person.name)
        ]
        parts = (
            encode_persons([replace(person, zone=UTC_NAME)]),
            b"".join(owned),
            self.links.account(person.name).encode(),
        )
        return labelled_sha256("person-credentials", *map(prefixed, parts))

    def verify(self, name: str, passphrase: bytes) -> bytes:
        """Checks a person's passphrase; takes a tenth of a second, and needs no event loop.

        Returns:
            The person's ``credentials``, of the passphrase that was checked.

        Raises:
            LoginRefused: If the person is unknown or disabled, or the passphrase is not theirs.
        """
        persons = self._issuer.persons()
        verify_login(persons, name, passphrase)
        return self.credentials(next(each for each in persons if each.name == name))

    def holder(self, handle: bytes) -> str:
        """Returns the enabled person with a handle of ``Passkeys``.

        Raises:
            PasskeyRefused: If there is none.
        """
        for person in self._issuer.persons():  # at most MAX_PERSONS
            if person.enabled and hmac.compare_digest(self.passkeys.handle(person.name), handle):
                return person.name
        raise PasskeyRefused

    def verify_code(self, name: str, code: str, now_s: int) -> None:
        """Checks a person's one-time code without using it up.

        Raises:
            EnrolmentRefused: If it is not theirs, was used, or ended.
        """
        self._issuer.codes.verify(name, code, now_s)

    def enrol(self, name: str, code: str, passkey: Passkey) -> None:
        """Stores the first passkey on a person's machine, and uses up the code for it.

        Raises:
            EnrolmentRefused: If the code is not theirs, was used, or ended.
            PasskeyRefused: If the passkey cannot be added; the code then stays.
            StoreError: If the entry cannot be written; the code is then used up.
        """
        self.passkeys.verify_room(name, passkey)
        self._issuer.codes.spend(name, code, passkey.added_s)
        self._issuer.add_passkey(name, passkey, by=name)

    def set_zone(self, name: str, zone: str) -> None:
        """Gives a signed-in person another time zone, by themselves; see ``LocalIssuer``."""
        self._issuer.set_zone(name, zone)

    def add_passkey(self, name: str, passkey: Passkey) -> None:
        """Adds a further passkey of a signed-in person, by themselves.

        Raises:
            PasskeyRefused: If it cannot be added; see ``Passkeys``.
        """
        self._issuer.add_passkey(name, passkey, by=name)

    def remove_passkey(self, name: str, passkey_id: bytes) -> None:
        """Removes a passkey of a signed-in person, by themselves, if there is such a one."""
        self._issuer.remove_passkey(name, passkey_id, by=name)

    def end_all(self) -> None:
        """Ends every stored session and one-time code; see ``LocalIssuer``."""
        self._issuer.end_all()

    def record(self, name: str, proof: str) -> None:
        """Records that a person proved themselves; the session may begin after this returns.

        Args:
            name: The person.
            proof: The proof: passphrase, passkey or account.

        Raises:
            StoreError: If the entry cannot be written: then no session may begin.
        """
        act = PersonAct(code=EventCode.SIGN_IN, person=name, by=name, detail=proof)
        self._issuer.record(act)

    def record_refusal(self, name: str, code: str) -> None:
        """Records a refused sign-in.

        Args:
            name: The person; empty for a name that no person has.
            code: Code of the error.
        """
        self._issuer.record(PersonAct(code=EventCode.SIGN_IN, person=name, refused=code))

    def is_known(self, name: str) -> bool:
        """Returns whether a present or past person has a name."""
        return any(each.name == name for each in self._issuer.persons())

    def admit(self, name: str, roles: Iterable[Role]) -> None:
        """Gives a person the roles that the agency's identity provider states at a sign-in.

        Raises:
            LoginRefused: If the person was disabled, or the provider states no role.
        """
        stated = frozenset(roles)
        persons = {each.name: each for each in self._issuer.persons()}
        if not stated or name not in persons or not persons[name].enabled:
            raise LoginRefused
        if stated != persons[name].roles:
            self._issuer.set_roles(name, stated, by=name)

    def link(self, name: str, code: str, issuer: str, subject: str, *, now_s: int) -> None:
        """Links an account at the identity provider with a person, and uses up their code for it.

        Raises:
            EnrolmentRefused: If the code is not theirs, was used, or ended.
            PersonConflict: If the person or the account is linked already; the code then stays.
            StoreError: If the entry cannot be written; the code is then used up.
        """
        self._issuer.codes.verify(name, code, now_s)
        self.links.verify_free(name, issuer, subject)
        self._issuer.codes.spend(name, code, now_s)
        self._issuer.link(name, issuer, subject, by=name)

    def renew(self, name: str, *, now_s: int, ends_s: int) -> None:
        """Records that a person is present until a time: the node then acts in their name.

        Args:
            name: The person, who was verified by the caller.
            now_s: The time, Unix seconds.
            ends_s: The end, Unix seconds.
        """
        self._issuer.present[name] = Session(name=name, began_s=now_s, ends_s=ends_s)

    def end(self, name: str) -> None:
        """Records that a person is no longer present."""
        self._issuer.present.pop(name, None)
