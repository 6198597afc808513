"""Persons: who may log in, and for whom a token is issued."""

import hashlib
from pathlib import Path

import pytest

from tearline.errors import (
    KeystoreDamaged,
    LoginRefused,
    LoginRequired,
    MalformedInput,
    PersonAmbiguous,
    PersonConflict,
)
from tearline.identity import NodeUri
from tearline.persons.tokens import Binding, IssuerKey, Role, pairwise_id, verify_token
from tearline.policy.marking import Tlp
from tearline_client.keys import keystore as keystore_module
from tearline_client.keys.keystore import Keystore
from tearline_client.persons import issuer as module
from tearline_client.persons import records
from tearline_client.persons.issuer import (
    MAX_PERSONS,
    SESSION_LIFETIME_S,
    LocalIssuer,
)
from tearline_client.persons.records import (
    PersonRecord,
    Session,
    choose_session,
    encode_persons,
    encode_sessions,
    parse_persons,
    parse_sessions,
    verify_login,
)

NOW = 1_800_000_000
KEY = IssuerKey(b"i" * 32)
NODE = NodeUri(trust_domain="us-justice.example", name="washington")
BINDING = Binding(node=NODE, thumbprint=b"t" * 32, audience=str(NODE), issuer_keys=[KEY.public])
PASSPHRASE = b"caballo grapa"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of a guess is the keystore's matter, and tested there."""

    def cheap(passphrase: bytes, salt: bytes) -> bytes:
        return hashlib.sha256(salt + passphrase).digest()

    monkeypatch.setattr(keystore_module, "stretch", cheap)
    monkeypatch.setattr(module, "stretch", cheap)
    monkeypatch.setattr(records, "stretch", cheap)


@pytest.fixture
def issuer(tmp_path: Path) -> LocalIssuer:
    made = LocalIssuer.create(Keystore.create(tmp_path / "keys", b"the node's own"), KEY)
    made.add("alvarez", roles={Role.LIAISON}, clearance=Tlp.AMBER, passphrase=PASSPHRASE)
    made.add(
        "b.chen", roles={Role.AUDITOR, Role.OFFICER}, clearance=Tlp.RED, passphrase=b"other word"
    )
    return made


def test_who_is_disabled_while_another_is_added_stays_disabled(
    issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(passphrase: bytes, salt: bytes) -> bytes:
        issuer.disable("alvarez")
        return bytes(32)

    monkeypatch.setattr(module, "stretch", meanwhile)
    issuer.add("castro", roles={Role.LIAISON}, clearance=Tlp.AMBER, passphrase=PASSPHRASE)
    enabled = {person.name: person.enabled for person in issuer.persons()}
    assert enabled == {"alvarez": False, "b.chen": True, "castro": True}


def test_a_person_who_is_logged_in_gets_tokens(issuer: LocalIssuer) -> None:
    session = issuer.login("b.chen", b"other word", NOW)
    assert (session.began_s, session.ends_s) == (NOW, NOW + SESSION_LIFETIME_S)
    token = verify_token(issuer.token("b.chen", BINDING, now_s=NOW + 60), BINDING, NOW + 60)
    assert token.person.subject == "b.chen"
    assert token.person.roles == {Role.AUDITOR, Role.OFFICER}
    assert token.person.clearance is Tlp.RED
    assert issuer.public == KEY.public


def test_every_token_has_an_id_of_its_own(issuer: LocalIssuer) -> None:
    issuer.login("alvarez", PASSPHRASE, NOW)
    ids = {
        verify_token(issuer.token("alvarez", BINDING, now_s=NOW), BINDING, NOW).token_id
        for _ in range(5)
    }
    assert len(ids) == 5


def test_towards_the_exchange_a_person_goes_by_a_pseudonym(issuer: LocalIssuer) -> None:
    issuer.login("alvarez", PASSPHRASE, NOW)
    pseudonym = pairwise_id(b"k" * 32, "alvarez", bytes(16))
    text = issuer.token("", BINDING, now_s=NOW, pseudonym=pseudonym)
    assert verify_token(text, BINDING, NOW).person.subject == pseudonym.hex()


@pytest.mark.parametrize(
    ("name", "passphrase"),
    [
        ("alvarez", b"other word"),
        ("alvarez", b""),
        ("alvarez", PASSPHRASE + b" "),
        ("nobody", PASSPHRASE),
        ("", PASSPHRASE),
        ("ALVAREZ", PASSPHRASE),
    ],
)
def test_a_login_needs_the_persons_own_passphrase(
    issuer: LocalIssuer, name: str, passphrase: bytes
) -> None:
    with pytest.raises(LoginRefused) as caught:
        issuer.login(name, passphrase, NOW)
    assert caught.value.why == ""  # the same words, whichever part was wrong
    with pytest.raises(LoginRequired):
        issuer.token(name, BINDING, now_s=NOW)


def test_a_guess_costs_the_same_for_persons_there_are_not(
    issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    guesses: list[bytes] = []

    def counted(passphrase: bytes, salt: bytes) -> bytes:
        guesses.append(passphrase)
        return b""

    monkeypatch.setattr(records, "stretch", counted)
    for name in ("alvarez", "nobody"):
        with pytest.raises(LoginRefused):
            verify_login(issuer.persons(), name, b"guess")
    assert guesses == [b"guess", b"guess"]


def test_a_session_ends(issuer: LocalIssuer) -> None:
    issuer.login("alvarez", PASSPHRASE, NOW)
    assert issuer.token("", BINDING, now_s=NOW + SESSION_LIFETIME_S - 1)
    for moment in (NOW + SESSION_LIFETIME_S, NOW - 1):
        with pytest.raises(LoginRequired):
            issuer.token("", BINDING, now_s=moment)


def test_a_token_is_issued_for_the_person_named(issuer: LocalIssuer) -> None:
    with pytest.raises(LoginRequired):
        issuer.token("", BINDING, now_s=NOW)
    issuer.login("alvarez", PASSPHRASE, NOW)
    issuer.login("b.chen", b"other word", NOW)
    with pytest.raises(PersonAmbiguous, match=r"alvarez, b\.chen"):
        issuer.token("", BINDING, now_s=NOW)
    assert issuer.session("alvarez", NOW).name == "alvarez"
    issuer.logout("alvarez")
    assert issuer.session("", NOW).name == "b.chen"
    with pytest.raises(LoginRequired):
        issuer.session("alvarez", NOW)


def test_a_disabled_person_is_out_at_once(issuer: LocalIssuer) -> None:
    issuer.login("alvarez", PASSPHRASE, NOW)
    issuer.disable("alvarez")
    with pytest.raises(LoginRequired):
        issuer.token("alvarez", BINDING, now_s=NOW)
    with pytest.raises(LoginRefused):
        issuer.login("alvarez", PASSPHRASE, NOW)
    assert [person.enabled for person in issuer.persons()] == [False, True]
    with pytest.raises(PersonConflict):
        issuer.disable("nobody")


def test_a_session_does_not_outlive_its_person(tmp_path: Path, issuer: LocalIssuer) -> None:
    issuer.login("alvarez", PASSPHRASE, NOW)
    keystore = Keystore.open(tmp_path / "keys", b"the node's own")
    keystore.put("persons", b"[]")  # as from a backup that was made before the person came
    with pytest.raises(LoginRequired):
        issuer.token("alvarez", BINDING, now_s=NOW)


def test_a_name_is_given_once(issuer: LocalIssuer) -> None:
    issuer.disable("alvarez")
    with pytest.raises(PersonConflict):
        issuer.add("alvarez", roles={Role.ANALYST}, clearance=Tlp.RED, passphrase=PASSPHRASE)


@pytest.mark.parametrize("name", ["", "Alvarez", "a b", "1a", "a/../b", "a-", "a\n", "é", "a" * 65])
def test_names_have_one_spelling(issuer: LocalIssuer, name: str) -> None:
    with pytest.raises(MalformedInput):
        issuer.add(name, roles={Role.ANALYST}, clearance=Tlp.RED, passphrase=PASSPHRASE)


def test_a_person_has_a_role_and_a_passphrase(issuer: LocalIssuer) -> None:
    with pytest.raises(MalformedInput):
        issuer.add("new", roles=set(), clearance=Tlp.RED, passphrase=PASSPHRASE)
    with pytest.raises(MalformedInput):
        issuer.add("new", roles={Role.ANALYST}, clearance=Tlp.RED, passphrase=b"short")


def test_as_many_persons_as_there_may_be_fit_into_one_secret(issuer: LocalIssuer) -> None:
    for number in range(MAX_PERSONS - 2):
        name = f"{'p' * 59}{number:03}"
        issuer.add(name, roles=set(Role), clearance=Tlp.AMBER_STRICT, passphrase=PASSPHRASE)
    assert len(issuer.persons()) == MAX_PERSONS
    with pytest.raises(PersonConflict):
        issuer.add("new", roles={Role.ANALYST}, clearance=Tlp.RED, passphrase=PASSPHRASE)


def test_nothing_of_a_passphrase_is_shown_or_kept(tmp_path: Path, issuer: LocalIssuer) -> None:
    person = issuer.persons()[0]
    assert person.verifier.hex() not in repr(person)
    assert repr(person.verifier) not in repr(person)
    on_disk = b"".join(file.read_bytes() for file in (tmp_path / "keys").iterdir())
    for secret in (PASSPHRASE, b"alvarez", person.verifier, KEY.private_bytes()):
        assert secret not in on_disk


def test_an_issuer_is_not_replaced(tmp_path: Path, issuer: LocalIssuer) -> None:
    keystore = Keystore.open(tmp_path / "keys", b"the node's own")
    with pytest.raises(PersonConflict):
        LocalIssuer.create(keystore, IssuerKey(b"x" * 32))
    assert LocalIssuer(keystore).public == KEY.public


def test_the_only_session_is_chosen_and_no_other() -> None:
    sessions = [
        Session(name="a", began_s=0, ends_s=10),
        Session(name="b", began_s=5, ends_s=20),
        Session(name="c", began_s=30, ends_s=40),
    ]
    assert choose_session(sessions, "", 3).name == "a"
    assert choose_session(sessions, "", 15).name == "b"
    assert choose_session(sessions, "a", 7).name == "a"
    for name, moment in (("", 25), ("c", 15), ("a", 10), ("d", 7)):
        with pytest.raises(LoginRequired):
            choose_session(sessions, name, moment)
    with pytest.raises(PersonAmbiguous, match="a, b"):
        choose_session(sessions, "", 7)


def test_what_is_stored_comes_back() -> None:
    record = PersonRecord(
        name="a",
        roles=frozenset(Role),
        clearance=Tlp.GREEN,
        enabled=False,
        salt=b"s" * 16,
        verifier=b"v" * 32,
    )
    assert parse_persons(encode_persons([record])) == (record,)
    session = Session(name="a", began_s=1, ends_s=2)
    assert parse_sessions(encode_sessions([session])) == (session,)


@pytest.mark.parametrize("data", [b"", b"{", b"7", b"[7]", b'[["a"]]', b"\xff"])
def test_what_is_stored_otherwise_is_noticed(data: bytes) -> None:
    for parse in (parse_persons, parse_sessions):
        with pytest.raises(KeystoreDamaged):
            parse(data)
