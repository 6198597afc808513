"""Agreements for people: their states, terms in words, and scopes of suspensions."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from enum import StrEnum

from tearline.agreements.agreement import Agreement
from tearline.errors import AgreementNotInForce, MalformedInput, NotFound
from tearline.federation.versions import Members
from tearline.packets.packet import Pins
from tearline.policy.form import Form
from tearline.policy.marking import Tlp
from tearline.policy.terms import Direction
from tearline.suspensions.suspension import Suspension
from tearline.text.choices import one_of
from tearline_client.audit.rows import time_text
from tearline_client.features.suspensions.service import agencies_of
from tearline_client.node import Node
from tearline_client.planning.agreement_file import DAY_MS
from tearline_client.rendering.words import agency_name

HOUR_MS = 3_600_000
_SHARES = "shares."


class AgreementState(StrEnum):
    """State of one version of an agreement."""

    REPLACED = "replaced"  # by a later version
    NOT_YET = "not yet"
    EXPIRED = "expired"
    ENDED = "ended"
    SUSPENDED = "suspended"
    DEPARTED = "suspended, as a party departed"
    IN_FORCE = "in force"


def state_of(
    node: Node, agreement: Agreement, *, newest: int
) -> tuple[AgreementState, tuple[str, ...]]:
    """Returns the state of a version, with the URIs of the agencies behind it.

    They ended or suspended it, or departed.

    Args:
        node: The node.
        agreement: The version.
        newest: The number of the newest version here.
    """
    now_ms = node.now_ms()
    if agreement.version < newest:
        return AgreementState.REPLACED, ()
    if now_ms < agreement.valid_from_ms:
        return AgreementState.NOT_YET, ()
    if now_ms >= agreement.valid_until_ms:
        return AgreementState.EXPIRED, ()
    positions = node.suspensions.positions(agreement)
    if ended := [position for position in positions if position.ended]:
        return AgreementState.ENDED, agencies_of(ended)
    if departed := node.agreements.departed(agreement):
        return AgreementState.DEPARTED, departed
    if positions:
        return AgreementState.SUSPENDED, agencies_of(positions)
    return AgreementState.IN_FORCE, ()


def state_text(node: Node, members: Members, agreement: Agreement, *, newest: int) -> str:
    """Returns the state of a version in words, with the names of the agencies behind it."""
    state, agencies = state_of(node, agreement, newest=newest)
    names = ", ".join(agency_name(members, agency) for agency in agencies)
    if state is AgreementState.DEPARTED:
        return f"suspended: {names} departed"
    return f"{state} by {names}" if names else state.value


def newest_versions(agreements: Iterable[Agreement]) -> Mapping[bytes, int]:
    """Returns the number of the newest version of each agreement, by its id."""
    newest: dict[bytes, int] = {}
    for each in agreements:
        newest[each.id] = max(each.version, newest.get(each.id, 0))
    return newest


def version_before(node: Node, agreement: Agreement) -> Agreement | None:
    """Returns the newest version before ``agreement``, or None."""
    versions = [
        each
        for each in node.agreements.list()
        if each.id == agreement.id and each.version < agreement.version
    ]
    return max(versions, key=lambda each: each.version, default=None)


def named(node: Node, name: str) -> Agreement:
    """Returns an agreement in force by its name, or a proposal by its id or name.

    Raises:
        NotFound: If there is none; lists the names of the agreements here.
    """
    try:
        return node.agreements.by_name(name)
    except AgreementNotInForce as missing:
        try:
            return node.proposals.find(name).agreement
        except NotFound:
            raise NotFound(missing.why) from None


def share_of(clause: str) -> tuple[str, str] | None:
    """Returns partner and category of a share, by the name of its clause; None for another."""
    if not clause.startswith(_SHARES):
        return None
    partner, _, category = clause.removeprefix(_SHARES).partition(" ")
    return partner, category


def value_text(name: str, value: object, members: Members) -> str:
    """Returns the value of a clause in words.

    Args:
        name: The name of the clause.
        value: The value; None if the version has no such clause.
        members: Gives the names of agencies.
    """
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Form() | Tlp():
            return value.text
        case 0 if name == "log_retention_ms":
            return "for ever"
        case 0 if name == "authorisation_ms":
            return "none"
        case int() if name.startswith("valid_"):
            return time_text(value)
        case int() if name.startswith("reply_times"):
            return f"{value / HOUR_MS:g} h"
        case int():
            return f"{value / DAY_MS:g} d"
        case Direction():
            return names_text(members, [value.sender, value.recipient], between=" to ")
        case bytes():
            return value.hex()
        case Pins():
            return ", ".join(f"{name} {digest.hex()}" for name, digest in asdict(value).items())
        case tuple():
            return ", ".join(value_text(name, item, members) for item in value)
        case str() if value.startswith("spiffe://"):
            return agency_name(members, value)
        case _:  # text, and enums of text
            return str(value)


def names_text(members: Members, uris: Iterable[str], *, between: str = " ") -> str:
    """Returns the short names of agencies on one line."""
    return between.join(agency_name(members, uri) for uri in uris)


def scope_text(members: Members, suspension: Suspension) -> str:
    """Returns the scope of a suspension in words."""
    if not suspension.article:
        return "the whole agreement"
    if not suspension.sender:
        return f"article {suspension.article}"
    ends = names_text(members, suspension.scope[1:], between=" to ")
    return f"article {suspension.article} from {ends}"


def direction_of(members: Members, direction: str) -> tuple[str, str]:
    """Returns the URIs of sender and recipient of a direction; empty if none is given.

    Args:
        members: Gives the names of agencies.
        direction: FROM:TO, two short names.

    Raises:
        MalformedInput: If it is no direction between members.
    """
    if not direction:
        return "", ""
    uris = {agency.name: agency.uri for agency in members.agencies}
    sender, colon, recipient = direction.partition(":")
    if not colon:
        raise MalformedInput("expected FROM:TO, two short names of members")
    for name in (sender, recipient):
        if name not in uris:
            raise MalformedInput(one_of(name, "agency", uris))
    return uris[sender], uris[recipient]
