"""Rules of a kind: the parts of a body, the details of each, and further checks.

Each rule checks visible values. Absence is checked in one place, ``_lacks``, and only for a whole
body. Thus one definition of a kind applies to a sender's draft and to a partner's view.
"""

from collections.abc import Callable, Iterator

from tearline.bodies.body import UNKNOWN_SCHEMA, Body, Item, Problem, token_of
from tearline.dataclass.immutable import immutable
from tearline.packets.packet import PacketKind


@immutable
class Value:
    """Allowed texts of a property.

    Attributes:
        meaning: In a few words, for people.
        example: A valid one.
        reason: Returns why a text is not valid, without the text; empty if it is.
    """

    meaning: str
    example: str
    reason: Callable[[str], str]


@immutable
class Reference:
    """Allowed target of a property.

    Attributes:
        meaning: In a few words, for people.
        schemata: Schemata that the entity may have.
        example: The id of one, in the kind's example.
    """

    meaning: str
    schemata: frozenset[str]
    example: str


@immutable
class Detail:
    """One property of a part.

    Attributes:
        name: Its name.
        holds: Its allowed values.
        required: Whether a whole body must have it.
        many: Whether it may have several values.
    """

    name: str
    holds: Value | Reference
    required: bool = True
    many: bool = False


@immutable
class Part:
    """Entities of one schema in a body.

    Attributes:
        schema: Its name.
        meaning: In a few words, for people.
        details: Properties with checks; an entity may have others.
        least: Minimum number in a whole body.
        most: Maximum number in any body; 0 for no limit.
    """

    schema: str
    meaning: str
    details: tuple[Detail, ...]
    least: int = 1
    most: int = 0


@immutable
class KindRules:
    """Rules for the body of one kind.

    Attributes:
        kind: The kind.
        meaning: The contents of such a packet, in a sentence.
        parts: Its parts; entities of other schemata may stand beside them.
        relate: Yields problems across visible parts.
        example: FollowTheMoney JSON lines that make a whole body.
    """

    kind: PacketKind
    meaning: str
    parts: tuple[Part, ...]
    relate: Callable[[Body], Iterator[Problem]]
    example: str

    def judge(self, body: Body) -> Iterator[Problem]:
        """Yields every problem of a body of this kind, in time linear in its values."""
        for part in self.parts:
            items = body.of(part.schema)
            if part.most and len(items) > part.most:
                yield Problem(path=part.schema, why=f"at most {part.most} may be there")
            for item in items:
                yield from _judge_item(part, item, body)
            if body.whole:
                yield from _lacks(part, items)
        yield from self.relate(body)


def nothing_beside(_body: Body) -> Iterator[Problem]:
    """Yields no problems, for kinds with complete rules in their parts and details."""
    return iter(())


def _judge_item(part: Part, item: Item, body: Body) -> Iterator[Problem]:
    for detail in part.details:
        values = item.values.get(detail.name, ())
        if len(values) > 1 and not detail.many:
            yield Problem(path=item.path(detail.name), why="one value is expected, not several")
        for value in values:
            if why := _reason(detail.holds, value, body):
                yield Problem(path=item.path(detail.name), why=why)


def _reason(holds: Value | Reference, value: str, body: Body) -> str:
    if isinstance(holds, Value):
        return holds.reason(value)
    if token_of(value) is None:
        return "a reference to another entity is expected"
    told = {item.schema for item in body.referred(value)} - {UNKNOWN_SCHEMA}
    if told - holds.schemata:
        return f"it refers to something other than {_either(holds.schemata)}"
    return ""


def _lacks(part: Part, items: tuple[Item, ...]) -> Iterator[Problem]:
    if len(items) < part.least:
        number = "" if part.least == 1 else f" {part.least} times"
        yield Problem(
            path=part.schema, why=f"{part.meaning} is missing{number}{_such_as(part)}", lacks=True
        )
    for item in items:
        for detail in part.details:
            if detail.required and not any(item.values.get(detail.name, ())):
                yield Problem(
                    path=item.path(detail.name),
                    why=f"it is missing: {detail.holds.meaning}, such as {detail.holds.example}",
                    lacks=True,
                )


def _such_as(part: Part) -> str:
    names = [detail.name for detail in part.details if detail.required]
    return f", with {', '.join(names)}" if names else ""


def _either(schemata: frozenset[str]) -> str:
    return " or ".join(sorted(schemata))
