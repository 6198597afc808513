"""From values to JSON, and from good bytes to bad ones."""

import random
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from enum import Enum, IntEnum
from typing import Any
from unittest.mock import patch

from support import agencies as b
from tearline.packets.packet import Existence
from tearline.policy.form import Form
from tearline.policy.marking import Marking
from tearline.statements.receipt import Status
from tearline.statements.statement import StatementType

Json = Any


def plain(value: object) -> Json:
    """A value as JSON: bytes in hexadecimal, names in their one spelling."""
    if isinstance(value, Existence):
        # The vectors say how many fields are kept back, not in which slots.
        return {
            "compartment": value.compartment,
            "category": value.category,
            "count": value.count,
            "reason": plain(value.reason),
        }
    match value:
        case bytes():
            return value.hex()
        case Marking():
            return value.encode()
        case Form() | Status():
            return value.text
        case StatementType():
            return value.name.lower().replace("_", "-")
        case IntEnum():
            return value.name.lower()
        case Enum():
            return value.value
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case tuple() | list():
            return [plain(item) for item in value]
        case _ if is_dataclass(value):
            return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    return value


def refused(name: str, data: bytes, code: str) -> Json:
    """A case that must be refused."""
    return {"name": name, "bytes": data.hex(), "code": code}


def flip(data: bytes, position: int) -> bytes:
    """``data`` with the lowest bit of one byte changed."""
    position %= len(data)
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


def unknown_field(data: bytes) -> bytes:
    """``data`` with field 15 = 1 behind it, which no message here has."""
    return data + bytes([15 << 3, 1])


@contextmanager
def fixed_randomness(name: str) -> Iterator[None]:
    """Salts, ids and positions drawn from ``name``; sealing and signing keep their own."""
    count = iter(range(1 << 30))
    source = random.Random(name)
    with (
        patch.object(secrets, "token_bytes", lambda n: b.secret(f"{name} {next(count)}", n)),
        patch.object(secrets, "SystemRandom", lambda: source),
    ):
        yield


def unchecked(value: Any, **changes: Any) -> Any:
    """``replace`` without the checks of the type, to encode what no honest party makes."""
    copy = object.__new__(type(value))
    for each in fields(value):
        object.__setattr__(copy, each.name, changes.get(each.name, getattr(value, each.name)))
    return copy
