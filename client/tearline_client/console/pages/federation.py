"""Members of the federation, open votes and decisions of the council. The page signs nothing."""

from starlette.responses import Response

from tearline.crypto.keys import key_id
from tearline.dataclass.immutable import immutable
from tearline.federation.membership import Decision
from tearline.federation.versions import MemberStatus, MemberVersion
from tearline.limits import MAX_CONSOLE_LISTED
from tearline_client.console.visit import Visit
from tearline_client.console.words import DECISIONS, MEMBER_STATUSES, PARTS, RULE_WORDS
from tearline_client.features.federation.open_decisions import OpenDecision
from tearline_client.rendering.federation import change_rows, voting_name
from tearline_client.rendering.words import agency_name


@immutable
class MemberRow:
    """An agency that is or was a member.

    Attributes:
        name: Its short name.
        uri: Its URI.
        status: Its status, as a message.
        is_member: Whether it is a member.
        generation: Its generation; a replaced root begins the next one.
        since_ms: Time since which this generation is a member.
        changed_ms: Time of its last change: of record, root or status.
        has_seat: Whether it votes.
        counts: Whether its cosignatures are counted.
        root: Id of its root key.
        replaced_ms: Time at which a decided replacement of its root takes effect; None without one.
    """

    name: str
    uri: str
    status: str
    is_member: bool
    generation: int
    since_ms: int
    changed_ms: int
    has_seat: bool
    counts: bool
    root: str
    replaced_ms: int | None


@immutable
class VoteCard:
    """A decision that waits for votes.

    Attributes:
        kind: Its kind, as a message.
        name: Short name of the agency decided on; empty for an amendment.
        uri: Its URI.
        root: Id of the root key that it gets; empty for a removal and an amendment.
        changes: Changed parts of the constitution: a message, the value now, the proposed one.
        voters: Short names of agencies that have voted.
        others: Short names of the agencies with a seat that have not.
        missing: Votes that are missing at least.
        until_ms: End of the first vote.
        typed: The argument of ``federation vote``.
        is_ours: Whether this agency may still vote on it.
    """

    kind: str
    name: str
    uri: str
    root: str
    changes: list[tuple[str, object, object]]
    voters: list[str]
    others: list[str]
    missing: int
    until_ms: int
    typed: str
    is_ours: bool


@immutable
class DecisionRow:
    """A completed decision: its kind as a message, its agency, its voters and its time."""

    kind: str
    name: str
    voters: list[str]
    time_ms: int


async def page(visit: Visit) -> Response:
    """Shows members, open votes and the newest decisions; it reads no contents."""
    federation, wanted = visit.node.federation, visit.query("agency").strip().lower()
    now, pending = federation.state.now, federation.pending()
    found = [
        each
        for each in federation.members()
        if wanted in each.record.agency.name or wanted in each.record.agency.uri
    ]
    history = federation.history()
    return visit.render(
        "federation.html",
        {
            "federation": visit.node.directory.federation().hex(),
            "number_of_members": len(now.agencies),
            "seats": len(now.council),
            "has_seat": visit.node.home.identity().agency_uri in now.council,
            "exchange": now.exchange.uri,
            "exchange_key": key_id(now.exchange.signing_key).hex(),
            "rules": [(words, getattr(now.rules, rule)) for rule, words in RULE_WORDS.items()],
            "cards": [_card(visit, each) for each in pending[:MAX_CONSOLE_LISTED]],
            "further_votes": max(0, len(pending) - MAX_CONSOLE_LISTED),
            "wanted": wanted,
            "members": [_member(visit, each) for each in found[:MAX_CONSOLE_LISTED]],
            "further_members": max(0, len(found) - MAX_CONSOLE_LISTED),
            "decisions": [
                _decision(visit, each) for each in history[: -MAX_CONSOLE_LISTED - 1 : -1]
            ],
        },
    )


def _member(visit: Visit, version: MemberVersion) -> MemberRow:
    federation, agency = visit.node.federation, version.record.agency
    now, waiting = federation.state.now, federation.state.replacements.get(agency.uri)
    return MemberRow(
        name=agency.name,
        uri=agency.uri,
        status=MEMBER_STATUSES[version.status],
        is_member=version.status is MemberStatus.MEMBER,
        generation=version.record.generation,
        since_ms=federation.time_of(version.since),
        changed_ms=federation.time_of(version.index),
        has_seat=agency.uri in now.council,
        counts=agency.uri in now.cosigners,
        root=key_id(agency.root_key).hex(),
        replaced_ms=waiting.due_ms if waiting else None,
    )


def _card(visit: Visit, decision: OpenDecision) -> VoteCard:
    federation, own = visit.node.federation, visit.node.home.identity().agency_uri
    now, name = federation.state.now, federation.subject_name(decision)
    amendment, record = decision.amendment, decision.record
    changes = change_rows(now, amendment.constitution) if amendment else ()
    return VoteCard(
        kind=DECISIONS[decision.kind],
        name=name,
        uri=decision.subject,
        root=key_id(record.agency.root_key).hex() if record else "",
        changes=[(PARTS[str(row["part"])], row["now"], row["proposed"]) for row in changes],
        voters=[agency_name(now, voter) for voter in decision.voters],
        others=[
            agency_name(now, seat)
            for seat in sorted(decision.seats)
            if seat not in decision.ends_ms
        ],
        missing=max(0, decision.missing()),
        until_ms=min(decision.ends_ms.values()),
        typed=voting_name(decision, name),
        is_ours=own in decision.seats and own not in decision.ends_ms,
    )


def _decision(visit: Visit, decision: Decision) -> DecisionRow:
    federation = visit.node.federation
    now = federation.state.now
    return DecisionRow(
        kind=DECISIONS[decision.kind],
        name=agency_name(now, decision.subject) if decision.subject else "",
        voters=[agency_name(now, voter) for voter in decision.voters],
        time_ms=federation.time_of(decision.index),
    )
