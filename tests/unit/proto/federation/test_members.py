"""Constitutions, agencies, key records and revocations, as values."""

from dataclasses import replace
from typing import Any

import pytest

from support.agencies import (
    DAY_MS,
    EXCHANGE,
    MX,
    NOW_MS,
    ORIGIN,
    US,
    agency,
    constitution,
    federation,
    kem_key,
    key_record,
    node_of,
    signing_key,
)
from support.cases import each_case
from tearline.errors import MalformedInput, StatementMalformed
from tearline.federation.charter import RULES, rules_of
from tearline.federation.members import NODE_TYPES, KeyRecord, KeyUse, LogIdentity, Revocation
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import CheckpointSigner, NoteAlgorithm

CONSTITUTION = constitution([US, MX])
HEADER = federation().signer(US).header


def record(use: KeyUse = KeyUse.SIGN) -> KeyRecord:
    keys = {
        KeyUse.SIGN: signing_key("k").public.encoded,
        KeyUse.KEM: kem_key("k").public.encoded,
        KeyUse.COSIGN: bytes(1312),
        KeyUse.WITNESS: bytes(1312),
    }
    return key_record(HEADER, node_of(US), use, keys[use])


@each_case(
    "changes",
    [
        {"council": ()},
        {"council": (US, MX)},
        {"council": (MX, MX)},
        {"council": tuple(sorted(f"spiffe://a{number}.example" for number in range(65)))},
        {"cosigners": ()},
        {"cosigners": (US, MX)},
        {"quorum": 1},
        {"quorum": 3},
        *({"rules": replace(rules_of(2), **{name: 1})} for name in RULES),
        {"rules": rules_of(65)},
    ],
)
def test_an_impossible_constitution_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(CONSTITUTION, **changes)


def test_a_constitution_names_agencies() -> None:
    with pytest.raises(MalformedInput):
        replace(CONSTITUTION, council=(node_of(MX), node_of(US)))


@each_case(
    "changes",
    [
        {"root_key": bytes(32)},
        {"recovery_key": bytes(32)},
        {"recovery_key": agency(US).root_key},
        {"certificate_authorities": ()},
        {"certificate_authorities": (b"",)},
        {"certificate_authorities": (b"x",) * 9},
        {"certificate_authorities": (bytes((16 << 10) + 1),)},
        {"token_issuers": (bytes(31),)},
        {"token_issuers": (bytes(32),) * 9},
        {"name": ""},
        {"name": "n" * 65},
        {"name": "us-just\u0456ce"},  # the letter before the c is Cyrillic
        {"name": "us-justice\u200b"},
        {"name": "us-justice\n"},
        {"name": "US-justice"},
        {"name": "../us-justice"},
        {"name": "spiffe://us-justice.example"},
    ],
)
def test_an_impossible_agency_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(agency(US), **changes)


@pytest.mark.parametrize("uri", [node_of(MX), EXCHANGE, "us-justice", "spiffe://US.example"])
def test_an_agency_is_a_trust_domain_and_nothing_in_one(uri: str) -> None:
    with pytest.raises(MalformedInput):
        replace(agency(US), uri=uri)


@pytest.mark.parametrize("uri", [US, node_of(US), "exchange.example"])
def test_an_exchange_is_named_as_one(uri: str) -> None:
    with pytest.raises(MalformedInput):
        replace(CONSTITUTION.exchange, uri=uri)


ED25519, ML_DSA = CONSTITUTION.log.verifier_keys
NODE_KEY = CheckpointSigner(
    name=node_of(US), algorithm=NoteAlgorithm.ED25519, seed=bytes(32)
).verifier.encode()


@pytest.mark.parametrize(
    "keys",
    [
        (),
        (ED25519,),
        (ML_DSA,),
        (ED25519, ML_DSA, ED25519),
        (ED25519, ML_DSA, *(f"{ORIGIN}+{number}" for number in range(7))),
        (ED25519, ML_DSA, NODE_KEY),
    ],
    ids=str,
)
def test_a_log_has_keys_of_each_kind_under_its_name(keys: tuple[str, ...]) -> None:
    with pytest.raises(StatementMalformed):
        LogIdentity(origin=ORIGIN, verifier_keys=keys)


def test_a_log_may_have_a_key_of_a_later_kind() -> None:
    keys = (ED25519, ML_DSA, f"{ORIGIN}+00000000+//8=")
    assert LogIdentity(origin=ORIGIN, verifier_keys=keys).verifier_keys == keys


@pytest.mark.parametrize(
    "changes", [{"signing_key": bytes(32)}, {"certificate_authority": b""}], ids=str
)
def test_an_impossible_exchange_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(CONSTITUTION.exchange, **changes)


@pytest.mark.parametrize("use", KeyUse)
def test_a_key_has_the_size_of_its_use(use: KeyUse) -> None:
    good = record(use)
    for other in KeyUse:
        if len(record(other).public_key) != len(good.public_key):
            with pytest.raises(StatementMalformed):
                replace(good, public_key=record(other).public_key)


@pytest.mark.parametrize(
    "changes",
    [
        {"types": ()},
        {"types": (StatementType.MARK, StatementType.GRANT)},
        {"types": (StatementType.MARK, StatementType.MARK)},
        {"not_after_ms": NOW_MS - DAY_MS},
        {"not_after_ms": NOW_MS + 800 * DAY_MS},
    ],
    ids=str,
)
def test_an_impossible_record_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(record(), **changes)


def test_an_encryption_key_lists_no_types() -> None:
    with pytest.raises(StatementMalformed):
        replace(record(KeyUse.KEM), types=(StatementType.MARK,))


def test_an_encryption_key_lives_two_weeks_at_most() -> None:
    with pytest.raises(StatementMalformed):
        replace(record(KeyUse.KEM), not_after_ms=NOW_MS + 14 * DAY_MS)


@pytest.mark.parametrize("subject", [US, EXCHANGE, "hub", f"{US}/node/"])
def test_a_key_is_a_node_s(subject: str) -> None:
    with pytest.raises(MalformedInput):
        replace(record(), subject=subject)


def test_nodes_sign_nothing_that_admits_or_revokes() -> None:
    assert not NODE_TYPES & {
        StatementType.VOTE,
        StatementType.MEMBER_RECORD,
        StatementType.REVOCATION,
    }


@pytest.mark.parametrize(("key", "reason"), [(bytes(31), ""), (bytes(32), "r" * 4097)])
def test_an_impossible_revocation_cannot_be_made(key: bytes, reason: str) -> None:
    with pytest.raises(StatementMalformed):
        Revocation(header=HEADER, revoked_key=key, reason=reason)
