"""Passkeys and codes as stored: what is added, what a counter shows, and what is damage."""

from dataclasses import replace
from pathlib import Path

import pytest

from tearline.errors import EnrolmentRefused, KeystoreDamaged, PasskeyRefused
from tearline.limits import ENROLMENT_CODE_S, MAX_CREDENTIAL_BYTES
from tearline_client.keys.keystore import Keystore
from tearline_client.persons.enrolment_codes import EnrolmentCodes, parse_codes
from tearline_client.persons.passkeys import (
    Passkey,
    Passkeys,
    after_use,
    encode_passkeys,
    parse_passkeys,
    verify_addition,
)

NOW_S = 1_800_000_000
KEY = Passkey(id=b"i" * 32, name="llave 蓝", key=b"k" * 100, count=5, added_s=NOW_S)


@pytest.fixture
def keystore(tmp_path: Path) -> Keystore:
    return Keystore.create(tmp_path / "keys", b"a word for tests")


@pytest.mark.parametrize(
    ("before", "count", "is_stopped"),
    [
        (5, 6, False),
        (5, 900, False),
        (0, 0, False),
        (0, 1, False),
        (5, 5, True),
        (5, 4, True),
        (5, 0, True),
    ],
)
def test_a_counter_goes_forward_or_is_none(before: int, count: int, is_stopped: bool) -> None:
    used = after_use(replace(KEY, count=before), count, NOW_S + 9)
    assert used.is_stopped is is_stopped
    assert (used.count, used.used_s) == ((before, 0) if is_stopped else (count, NOW_S + 9))


def test_a_stopped_passkey_stays_stopped() -> None:
    assert after_use(replace(KEY, is_stopped=True), 900, NOW_S).is_stopped


def test_passkeys_are_read_as_they_were_written() -> None:
    owned = (KEY, replace(KEY, id=b"j", name="b", used_s=NOW_S, is_stopped=True))
    assert parse_passkeys(encode_passkeys(owned)) == owned


@pytest.mark.parametrize("data", [b"", b"{}7", b"[[1]]", b'[["zz","a","",0,0,0,false]]', b"\xff"])
def test_a_damaged_entry_is_named(data: bytes) -> None:
    with pytest.raises(KeystoreDamaged):
        parse_passkeys(data)
    with pytest.raises(KeystoreDamaged):
        parse_codes(data)


@pytest.mark.parametrize("passkey_id", [b"", b"x" * (MAX_CREDENTIAL_BYTES + 1), KEY.id])
def test_an_id_is_new_and_bounded(passkey_id: bytes) -> None:
    with pytest.raises(PasskeyRefused):
        verify_addition([KEY], replace(KEY, id=passkey_id, name="another"))
    verify_addition([KEY], replace(KEY, id=b"another", name="another"))


def test_persons_have_passkeys_of_their_own(keystore: Keystore) -> None:
    passkeys = Passkeys(keystore)
    passkeys.add("ana", KEY)
    passkeys.add("ben", KEY)
    assert passkeys.handle("ana") != passkeys.handle("ben")
    passkeys.remove("ana", b"another")
    assert passkeys.owned("ana") == (KEY,)
    passkeys.end("ana")
    assert (passkeys.owned("ana"), passkeys.owned("ben")) == ((), (KEY,))
    with pytest.raises(PasskeyRefused):
        passkeys.record_use("ana", KEY.id, 9, NOW_S)
    assert passkeys.owned("ana") == ()
    passkeys.end("nobody")


def test_the_most_passkeys_fit_the_keystore(keystore: Keystore) -> None:
    passkeys = Passkeys(keystore)
    for number in range(8):
        largest = replace(KEY, id=bytes([number]) * 1023, name="蓝" * 63 + str(number))
        passkeys.add("ana", replace(largest, key=b"k" * 1500))
    assert len(passkeys.owned("ana")) == 8


def test_a_code_is_used_once_by_its_person(keystore: Keystore) -> None:
    codes = EnrolmentCodes(keystore)
    ana, ben = codes.issue("ana", NOW_S), codes.issue("ben", NOW_S)
    with pytest.raises(EnrolmentRefused):
        codes.spend("ana", ben, NOW_S)
    codes.spend("ana", ana, NOW_S)
    with pytest.raises(EnrolmentRefused):
        codes.verify("ana", ana, NOW_S)
    codes.verify("ben", ben, NOW_S)
    codes.end("ben")
    codes.end("nobody")
    with pytest.raises(EnrolmentRefused):
        codes.verify("ben", ben, NOW_S)


def test_a_code_made_under_a_clock_far_ahead_does_not_last(keystore: Keystore) -> None:
    codes = EnrolmentCodes(keystore)
    code = codes.issue("ana", NOW_S + ENROLMENT_CODE_S + 1)
    with pytest.raises(EnrolmentRefused):
        codes.verify("ana", code, NOW_S)


def test_old_codes_leave_the_keystore(keystore: Keystore) -> None:
    codes = EnrolmentCodes(keystore)
    codes.issue("ana", NOW_S)
    codes.issue("ben", NOW_S + ENROLMENT_CODE_S)
    assert [each.name for each in parse_codes(keystore.get("enrolments"))] == ["ben"]
