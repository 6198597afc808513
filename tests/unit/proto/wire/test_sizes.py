"""Sizes that only the bytes can get wrong: everything is re-encoded alike, and refused."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.message import Message

from support.codecs import CODECS
from tearline.errors import StatementMalformed
from tearline.limits import MAX_SEALED_BYTES
from tearline.v1 import (
    case_pb2,
    consent_pb2,
    flow_pb2,
    packet_pb2,
    request_pb2,
    statement_pb2,
)


def spoil(name: str, kind: type[Message], change: Callable[[Any], object]) -> None:
    """Changes a message as protobuf, which checks nothing, and demands that it is refused."""
    codec = CODECS[name]
    message = kind()
    message.ParseFromString(codec.encode(codec.value))
    change(message)
    with pytest.raises(StatementMalformed):
        codec.parse(message.SerializeToString(deterministic=True))


def set_to(path: str, value: object) -> Callable[[Any], object]:
    """Sets a part named by a dotted path, whose numbers are positions."""

    def change(message: Any) -> None:
        *steps, last = path.split(".")
        for step in steps:
            message = message[int(step)] if step.isdigit() else getattr(message, step)
        if last.isdigit():
            message[int(last)] = value
        else:
            setattr(message, last, value)

    return change


@pytest.mark.parametrize("part", ["pseudonym", "token_hash"])
def test_a_person_is_named_by_32_bytes(part: str) -> None:
    spoil("receipt of a node", flow_pb2.Receipt, set_to(f"acted_by.{part}", bytes(31)))


@pytest.mark.parametrize("part", ["federation", "key_id"])
def test_a_header_names_federation_and_key_by_32_bytes(part: str) -> None:
    spoil("mark", flow_pb2.Mark, set_to(f"header.{part}", bytes(31)))


@pytest.mark.parametrize("number", [0, 1, 25, 1 << 31])
def test_there_is_no_other_type_of_statement(number: int) -> None:
    spoil("statement", statement_pb2.Statement, set_to("type", number))


def test_a_path_is_no_longer_than_the_largest_tree_is_high() -> None:
    def lengthen(message: Any) -> None:
        message.inclusions[0].path.extend([bytes(32)] * 13)

    spoil("statement", statement_pb2.Statement, lengthen)


def test_a_path_is_of_whole_hashes() -> None:
    def shorten(message: Any) -> None:
        message.inclusions[0].path.append(bytes(31))

    spoil("statement", statement_pb2.Statement, shorten)


@pytest.mark.parametrize("part", ["attestation", "salt"])
def test_an_inclusion_has_an_attestation_and_a_salt(part: str) -> None:
    spoil("statement", statement_pb2.Statement, set_to(f"inclusions.0.{part}", bytes(31)))


@pytest.mark.parametrize(
    ("part", "size"),
    [
        ("compartments", 4 * 64 - 32),
        ("compartments", 4 * 64 + 1),
        ("slots", 8 * 32 - 1),
        ("ciphertexts_root", 33),
    ],
)
def test_a_commitment_has_32_bytes(part: str, size: int) -> None:
    spoil("manifest", packet_pb2.Manifest, set_to(part, secrets.token_bytes(size)))


@pytest.mark.parametrize("part", ["kind", "urgency", "evaluation"])
def test_a_word_is_one_of_those_in_use(part: str) -> None:
    spoil("manifest", packet_pb2.Manifest, set_to(part, "anything"))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("openings.0.reason", 5),
        ("compartments.0.key", bytes(31)),
        ("fields.0.secret", bytes(33)),
        ("fields.0.slot", 2048),
    ],
)
def test_a_release_holds_whole_keys_and_known_reasons(part: str, value: object) -> None:
    spoil("release", packet_pb2.Release, set_to(part, value))


@pytest.mark.parametrize("part", ["code", "outcome"])
def test_an_event_says_known_words(part: str) -> None:
    spoil("event", flow_pb2.Event, set_to(part, "anything"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("grant", flow_pb2.Grant),
        ("case step", case_pb2.CaseStep),
        ("consent", consent_pb2.Consent),
        ("request step", request_pb2.RequestStep),
    ],
)
def test_a_sealed_part_has_a_bound(name: str, kind: type[Message]) -> None:
    spoil(name, kind, set_to("sealed", bytes(MAX_SEALED_BYTES + 1)))
    codec, message = CODECS[name], kind()
    message.ParseFromString(codec.encode(codec.value))
    set_to("sealed", bytes(MAX_SEALED_BYTES))(message)
    assert len(codec.parse(message.SerializeToString(deterministic=True)).sealed) == 256 << 10
