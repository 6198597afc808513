"""Bodies for tests: entities as an agency writes them, and the fields they become."""

import json
from collections.abc import Iterable, Sequence

from tearline.bodies.body import Problem
from tearline.bodies.registry import judge_body
from tearline.packets.packet import Field, PacketKind
from tearline.policy.profile import marking_of
from tearline_client.planning.entities import Entity, Group, fields_of

TOKEN_KEY = b"k" * 32
AGREEMENT = b"a" * 16


def entities(text: str) -> list[Entity]:
    """Entities from FollowTheMoney JSON lines, as they stand."""
    return [
        Entity(
            id=data["id"],
            schema=data["schema"],
            properties={name: tuple(values) for name, values in data["properties"].items()},
        )
        for data in map(json.loads, text.splitlines())
    ]


def fields(of: Iterable[Entity], *, outside: Sequence[str] = ()) -> list[Field]:
    """The fields of a packet with these entities."""
    group = Group(entities=tuple(of), outside=tuple(outside))
    return [
        Field(path=path, values=values, marking=marking_of(path))
        for path, values in fields_of(group, key=TOKEN_KEY, agreement_id=AGREEMENT)
    ]


def problems(kind: PacketKind, of: Iterable[Entity], *, whole: bool = True) -> list[str]:
    """What is wrong with a body, as ``Schema/property: why``."""
    return [told(problem) for problem in judge_body(kind, fields(of), whole=whole)]


def told(problem: Problem) -> str:
    """A problem without the token, which tests do not know."""
    token, slash, rest = problem.path.partition("/")
    return f"{rest if slash else token}: {problem.why}"
