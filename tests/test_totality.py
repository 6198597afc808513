"""Nothing is forgotten: a new statement type, step, event or role is decided on wherever it counts.

mypy demands an arm for each member in every ``match``. The tests here close the ways around that:
defaults, guards, and tables that lack a member or a type with the property that they are for.
"""

import ast
import enum
import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import tearline
import tearline_client
import tearline_server
from support.codecs import CODECS
from support.paths import ROOT
from tearline.agreements.proposal import ProposalState
from tearline.audit.event import EventCode
from tearline.cases.case import Membership, Phase
from tearline.federation.decisions import VoteKind
from tearline.onward.consent import ConsentStatus, ConsentStep
from tearline.packets.packet import PacketKind, Urgency
from tearline.persons.tokens import Role
from tearline.policy.form import Form
from tearline.policy.marking import Tlp
from tearline.requests.step import StepKind
from tearline.statements.receipt import Status
from tearline.statements.statement import COSIGNED_TYPES, StatementType, Trait, types_with
from tearline.verification.trust import TrustState
from tearline.wire import addresses
from tearline_client.bootstrap import HANDLERS as NODE_HANDLERS
from tearline_client.keys.rotation import KeyKind
from tearline_client.messages.received import Content as Received
from tearline_client.planning.ftm_schema import PropertyType
from tearline_client.planning.text_search import Rank
from tearline_client.rules.handler import no_record, not_delivered
from tearline_server.processing.handlers.table import HANDLERS
from tearline_server.tlog.fsck_deletions import Deletions

PACKAGES = (tearline, tearline_server, tearline_client)

PARTIAL = {
    # The table, and why it has not every member.
    "ACTIVITIES": "acts that create nothing: a new statement type is a creation",
    "ACTIONS": "entries of the exchange's log alone: a node's own access log has others",
    "KINDS": "a kind without rules takes any body: an answer is judged by its request",
    "_IN_USE": "signing and cosigning keys have one place each; an encryption key, one by its id",
    "_NEXT": "likewise",
    "_PARSERS": "types with a place in a channel alone; a test below compares",
    "READINGS": "acts of the agency's own persons, which the access log holds, alone",
    "WIDENED": "ranks of a widened search alone; others need no word",
    "_REACHES": "accesses to contents alone: reading the access log reaches no packet",
}

NO_TAKE_BACK = {
    # A statement whose refusal changes nothing that the node stores: it says it again, or a
    # person does.
    StatementType.CHARTER,
    StatementType.CHARTER_SIGNATURE,
    StatementType.MEMBER_RECORD,
    StatementType.AMENDMENT,
    StatementType.VOTE,
    StatementType.LEAVE,
    StatementType.KEY_RECORD,
    StatementType.REVOCATION,
    StatementType.AGREEMENT,
    StatementType.PROPOSAL,
    StatementType.ERASURE,
    StatementType.MANIFEST,
    StatementType.MARK,
    StatementType.ANCHOR,
    StatementType.AUDIT_EXPORT,  # never sent to the exchange
}

DECIDED: Mapping[type[enum.Enum], int] = {
    # Enums with sets of some of their members, and how many members each of the sets was read for.
    StatementType: 23,
    EventCode: 46,
    StepKind: 18,
    ConsentStep: 4,
    ConsentStatus: 4,
    Phase: 7,
    Membership: 7,
    ProposalState: 7,
    PacketKind: 8,
    Urgency: 4,
    Form: 5,
    Tlp: 5,
    Status: 6,
    Role: 4,
    KeyKind: 4,
    PropertyType: 20,
    Rank: 5,
    VoteKind: 4,
}


@cache
def modules() -> tuple[ModuleType, ...]:
    return tuple(
        importlib.import_module(found.name)
        for package in PACKAGES
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
        if not found.name.endswith(("_pb2", "__main__"))
    )


@cache
def parsed() -> tuple[tuple[ModuleType, Path, ast.Module], ...]:
    paths = [(module, Path(str(module.__file__))) for module in modules()]
    return tuple((module, path, ast.parse(path.read_bytes())) for module, path in paths)


def matches() -> Iterator[tuple[ModuleType, Path, ast.Match]]:
    for module, path, tree in parsed():
        for node in ast.walk(tree):
            if isinstance(node, ast.Match):
                yield module, path, node


def named(module: ModuleType, pattern: ast.expr) -> object:
    """The class or member that a pattern names, or None."""
    found: object = module
    for name in ast.unparse(pattern).split("."):
        found = getattr(found, name, None)
    return found


def closed(module: ModuleType, node: ast.Match) -> list[object]:
    """The members of enums, and the dataclasses of ours, that the arms of a match name."""
    patterns = [part for case in node.cases for part in ast.walk(case.pattern)]
    found = [named(module, each.value) for each in patterns if isinstance(each, ast.MatchValue)]
    found += [named(module, each.cls) for each in patterns if isinstance(each, ast.MatchClass)]
    return [
        each
        for each in found
        if isinstance(each, enum.Enum) or (isinstance(each, type) and is_dataclass(each))
    ]


@cache
def published() -> frozenset[type]:
    """The contents that the exchange's handlers parse."""
    types = {sample.codec: type(sample.value) for sample in CODECS.values()}
    parsers = [each.parse for each in HANDLERS.values()]
    return frozenset(types[each.__self__] for each in parsers if inspect.ismethod(each))


def is_default(case: ast.match_case) -> bool:
    return (
        isinstance(case.pattern, ast.MatchAs)
        and case.pattern.pattern is None
        and case.guard is None
    )


def place(path: Path, node: ast.Match) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno}"


def test_a_default_says_why_no_member_needs_an_arm() -> None:
    silent = []
    for module, path, node in matches():
        if not closed(module, node):
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        silent += [
            place(path, node)
            for case in node.cases
            if is_default(case) and "  # " not in lines[case.pattern.lineno - 1]
        ]
    assert not silent


def test_no_default_stands_for_statement_types_or_contents() -> None:
    contents = {*Received.__args__, *published()}
    hidden = [
        place(path, node)
        for module, path, node in matches()
        if any(map(is_default, node.cases))
        and any(
            isinstance(each, StatementType) or each in contents for each in closed(module, node)
        )
    ]
    assert not hidden


def test_no_match_ends_with_a_guard() -> None:
    """mypy takes such a match for a whole one."""
    assert not [place(path, node) for _, path, node in matches() if node.cases[-1].guard]


@cache
def tables() -> tuple[tuple[str, object, type[enum.Enum]], ...]:
    """Every table or set at the top of a module whose keys are members of one enum of ours."""
    found: dict[int, tuple[str, object, type[enum.Enum]]] = {}
    for module in modules():
        for name, value in vars(module).items():
            if isinstance(value, Mapping | frozenset | set | tuple) and value:
                kinds = {type(key) for key in value}
                kind = kinds.pop()
                if kinds or not issubclass(kind, enum.Enum):
                    continue
                if kind.__module__.startswith("tearline"):
                    found.setdefault(id(value), (f"{module.__name__}.{name}", value, kind))
    return tuple(found.values())


def test_every_table_has_a_row_for_each_member() -> None:
    lacking = {
        name: [member.name for member in kind if member not in table]
        for name, table, kind in tables()
        if isinstance(table, Mapping) and name.rpartition(".")[2] not in PARTIAL
    }
    assert not {name: members for name, members in lacking.items() if members}
    assert len(lacking) > 10
    assert PARTIAL.keys() <= {name.rpartition(".")[2] for name, _, _ in tables()}


def test_the_exchange_handles_every_type_under_its_own_name() -> None:
    assert "HANDLERS" in {name.rpartition(".")[2] for name, _, _ in tables()}
    assert {kind: handler.type for kind, handler in HANDLERS.items()} == {
        kind: kind for kind in StatementType
    }
    assert len(published()) == len(StatementType) - 1  # an audit export is never published


def test_only_parties_publish_what_several_agencies_signed() -> None:
    asked = {kind for kind, handler in HANDLERS.items() if handler.parties is not None}
    assert asked == COSIGNED_TYPES - {StatementType.MEMBER_RECORD}  # which any member may publish


def test_every_set_was_read_for_each_member() -> None:
    """A new member is in no set: whoever adds it decides on each that is printed here."""
    sets: dict[type[enum.Enum], list[str]] = {}
    for name, table, kind in tables():
        if any(member not in table for member in kind):
            sets.setdefault(kind, []).append(name)
    unread = {kind: names for kind, names in sets.items() if DECIDED.get(kind) != len(kind)}
    assert not unread
    assert sets.keys() == DECIDED.keys()


def test_every_refusal_of_a_statement_changes_what_it_must() -> None:
    told = {kind for kind, each in NODE_HANDLERS.items() if each.refused is not no_record}
    assert len(told) > 5
    assert told == {*StatementType} - NO_TAKE_BACK


def test_a_node_handles_every_type_under_its_own_name() -> None:
    assert {kind: handler.type for kind, handler in NODE_HANDLERS.items()} == {
        kind: kind for kind in StatementType
    }
    delivered = {kind for kind, each in NODE_HANDLERS.items() if each.event is not None}
    assert delivered == {
        kind for kind, each in NODE_HANDLERS.items() if each.verify is not not_delivered
    }


def test_the_properties_of_a_type_are_acted_on_where_they_count() -> None:
    """A row in the enum decides; a table that lacks a type of its property is found here."""
    assert addresses._PARSERS.keys() == types_with(Trait.ADDRESSED)
    assert TrustState(federation=bytes(32))._clear.keys() == types_with(Trait.CLEAR)
    assert Deletions()._explains.keys() == types_with(Trait.DELETING)


def test_every_type_states_which_keys_may_sign_it() -> None:
    signed_by = Trait.NODE | Trait.ROOT | Trait.EXCHANGE
    assert not [kind for kind in StatementType if not kind.traits & signed_by]
