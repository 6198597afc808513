"""Validation of the body of any kind: at its sender before sealing, at its reader after opening.

A kind without rules here accepts any body; documents are checked in every one.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType

from tearline.bodies.body import Body, Problem, body_of
from tearline.bodies.chemicals import PRE_EXPORT_NOTIFICATION, PRECURSOR_INCIDENT
from tearline.bodies.documents import judge_document
from tearline.bodies.lead import LEAD
from tearline.bodies.notices import FEEDBACK, OPERATIONAL_NOTICE
from tearline.bodies.requests import RECORD_REQUEST
from tearline.bodies.rules import KindRules
from tearline.bodies.transfers import VALUE_TRANSFER
from tearline.errors import BodyIncomplete, BodyRefused
from tearline.limits import MAX_BODY_PROBLEMS
from tearline.packets.packet import Field, PacketKind

KINDS: Mapping[PacketKind, KindRules] = MappingProxyType(
    {
        rules.kind: rules
        for rules in (
            LEAD,
            VALUE_TRANSFER,
            PRECURSOR_INCIDENT,
            PRE_EXPORT_NOTIFICATION,
            OPERATIONAL_NOTICE,
            FEEDBACK,
            RECORD_REQUEST,
        )
    }
)
"""The rules of each kind with rules."""

_MAX_TOLD = 8  # problems in one refusal: more than a person corrects at once


def judge_body(
    kind: PacketKind, fields: Iterable[Field], *, whole: bool = False
) -> tuple[Problem, ...]:
    """Returns the problems of a body (spec B-2).

    If there are more than ``MAX_BODY_PROBLEMS``, the last one returned counts the rest.

    Args:
        kind: The packet's stated kind.
        fields: Its visible fields.
        whole: Whether they are complete.

    Raises:
        PathMalformed: If a field's path is not a path.
    """
    fields = tuple(fields)
    problems = _judge(body_of(kind, fields, whole=whole), fields)
    kept = tuple(islice(problems, MAX_BODY_PROBLEMS))
    if rest := sum(1 for _ in problems):
        return (*kept, Problem(path=kind.value, why=f"… and {rest} more problems"))
    return kept


def verify_body(kind: PacketKind, fields: Iterable[Field]) -> None:
    """Checks, for its sender, that a whole body matches its kind (spec B-1).

    Raises:
        PathMalformed: If a field's path is not a path.
        BodyRefused: If a value or a number of parts is not valid.
        BodyIncomplete: If parts are missing, and there is no other problem.
    """
    fields = tuple(fields)
    body = body_of(kind, fields, whole=True)
    problems = tuple(_judge(body, fields))
    if not problems:
        return
    told = [f"{_place(problem, body)}: {problem.why}" for problem in problems[:_MAX_TOLD]]
    if rest := len(problems) - len(told):
        told.append(f"and {rest} more")
    lacking = all(problem.lacks for problem in problems)
    raise (BodyIncomplete if lacking else BodyRefused)(f"{kind.value}: {'; '.join(told)}")


def _judge(body: Body, fields: tuple[Field, ...]) -> Iterator[Problem]:
    for field in fields:
        yield from judge_document(field)
    if rules := KINDS.get(body.kind):
        yield from rules.judge(body)


def _place(problem: Problem, body: Body) -> str:
    """Returns the place of a problem in the author's terms: entity id, schema and property."""
    token, slash, rest = problem.path.partition("/")
    return f"{body.name_of(token)}/{rest}" if slash else problem.path
