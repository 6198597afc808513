"""Decisions of the council for people: their effects, changes, and votes that are missing."""

import hashlib
from collections.abc import Iterator

from tearline.crypto.keys import key_id
from tearline.federation.charter import RULES, Constitution
from tearline.federation.decisions import NOTHING, Amendment, VoteKind
from tearline.federation.membership import Decision, Replacement
from tearline.federation.versions import Members
from tearline.text.choices import ID_SHOWN
from tearline.wire.federation import FederationFile
from tearline_client.features.federation.open_decisions import OpenDecision
from tearline_client.founding.charter_file import charter_of, founders_of
from tearline_client.rendering.values import Moment
from tearline_client.rendering.words import Id, agency_name, counted, time_text

_ENDS = (
    "All its keys end. Undelivered mail from and to it returns, and its agreements are suspended "
    "until the other parties sign a version without it."
)


def charter_rows(file: FederationFile) -> Iterator[dict[str, object]]:
    """Yields a row for each part of a charter, for comparison before it is signed or pinned."""
    charter = charter_of(file)
    constitution, names = charter.constitution, {}
    yield {"part": "name", "content": charter.name}
    for agency in founders_of(file):
        names[agency.uri] = agency.name
        root = key_id(agency.root_key).hex()
        yield {"part": "founder", "content": f"{agency.name} {agency.uri} {root}"}
    council = " ".join(names.get(uri, uri) for uri in constitution.council)
    yield {"part": "council", "content": council}
    votes = ", ".join(f"{name} {getattr(constitution.rules, name)}" for name in RULES)
    yield {"part": "votes", "content": f"{votes}; of {len(constitution.council)}"}
    cosigners = " ".join(names.get(uri, uri) for uri in constitution.cosigners)
    yield {"part": "cosigners", "content": f"{constitution.quorum} of {cosigners}"}
    yield {"part": "exchange", "content": f"{constitution.exchange.uri} {_key(constitution)}"}
    yield {"part": "log", "content": constitution.log.origin}


def content_id(content: bytes) -> Id:
    """Returns the id of a decision's content; empty for a removal, which has none."""
    return Id(b"" if content == NOTHING else content)


def pending_row(decision: OpenDecision, names: Members, name: str) -> dict[str, object]:
    """Returns the row of an open decision, about an agency of this short name."""
    return {
        "decision": decision.kind.value,
        "subject": name,
        "content": content_id(decision.content),
        "votes": " ".join(agency_name(names, voter) for voter in decision.voters),
        "missing": max(0, decision.missing()),
        "until": Moment(min(decision.ends_ms.values())),
    }


def replacement_row(decided: Decision, waiting: Replacement, names: Members) -> dict[str, object]:
    """Returns the row of a decided replacement of a root, which waits for its effect."""
    return {
        "decision": decided.kind.value,
        "subject": waiting.record.agency.name,
        "content": content_id(waiting.record_id),
        "votes": " ".join(agency_name(names, voter) for voter in decided.voters),
        "missing": 0,
        "until": "" if waiting.due_ms is None else Moment(waiting.due_ms),
    }


def vacancy_text(members: Members) -> str:
    """Returns the missing counted cosigners, the effects, and the next command, as sentences.

    Empty if every counted cosigner is a member.
    """
    constitution, filled = members.constitution, members.cosigners
    vacant = [uri for uri in constitution.cosigners if uri not in filled]
    if not vacant:
        return ""
    names = ", ".join(agency_name(members, uri) for uri in vacant)
    few = len(filled) < constitution.quorum
    effect = (
        "No light node takes a turn, and no packet opens under both_before_open"
        if few
        else "With fewer, no light node takes a turn"
    )
    left = [f"--cosigner {agency_name(members, uri)}" for uri in sorted(filled or members.council)]
    if members.council != set(constitution.council):  # an amendment seats members alone
        left += [f"--seat {agency_name(members, uri)}" for uri in sorted(members.council)]
    return (
        f"Of the counted cosigners, {counted(len(vacant), 'agency')} left, or has another root:"
        f" {names}. {len(filled)} of {constitution.quorum} that must sign are there. {effect}, "
        f"until the council names others: tearline federation rules {' '.join(left)}"
    )


def replacement_text(waiting: Replacement) -> str:
    """Returns when a decided replacement of a root takes effect, and how to void it."""
    name, due_ms = waiting.record.agency.name, waiting.due_ms
    when = "seven days after it" if due_ms is None else time_text(due_ms)
    return (
        f"The council has replaced the root of {name}, with effect from {when}. If {name} has its "
        "old root, that voids it before: tearline federation rotate-root, at its node."
    )


def voting_name(decision: OpenDecision, name: str) -> str:
    """Returns the argument of ``federation vote`` for a decision about an agency of this name."""
    return name or decision.content.hex()[:ID_SHOWN]


def effect_text(decision: OpenDecision, name: str, now: Constitution) -> str:
    """Returns the effect of a decision, and the parties that it concerns, as sentences.

    Args:
        decision: The decision.
        name: Short name of the agency decided on.
        now: The constitution in force.
    """
    root = key_id(decision.record.agency.root_key).hex() if decision.record else ""
    match decision.kind:
        case VoteKind.ADMIT:
            return (
                f"{name} ({decision.subject}) becomes a member, under the root key {root}. Verify "
                "that key with it out of band. It gets no seat in the council."
            )
        case VoteKind.REMOVE:
            return f"{name} ({decision.subject}) is removed. {_ENDS}"
        case VoteKind.REPLACE:
            return (
                f"{name} ({decision.subject}) gets the root key {root}, seven days of the log's "
                "time after the decision, unless its old root signs a member record before. "
                f"Verify that key with it out of band. Then its seat is empty. {_ENDS}"
            )
        case VoteKind.AMEND:
            return _amendment_text(decision.amendment, now)


def _amendment_text(amendment: Amendment | None, now: Constitution) -> str:
    following = amendment.constitution if amendment else now
    texts = ["The constitution changes as follows. All other open votes become void."]
    if following.log != now.log:
        texts.append("Checkpoints of all entries after the decision count under the new log keys.")
    if following.exchange.signing_key != now.exchange.signing_key:
        texts.append("The exchange signs receipts and orders to erase by its new key.")
    if following.exchange.certificate_authority != now.exchange.certificate_authority:
        texts.append(
            "Nodes connect by the new CA. Those that are away until the operator retires the old "
            "one need a partner's mirror: tearline log read."
        )
    return " ".join(texts)


def leaving_text(name: str) -> str:
    """Returns the effect of an agency's leaving, as a sentence."""
    return f"{name} leaves the federation at once. {_ENDS}"


def votes_text(decision: OpenDecision, own: str) -> str:
    """Returns how many votes are given, and whether the own one decides.

    Args:
        decision: The decision.
        own: The own agency.
    """
    given = f"{len(decision.voters)} of {decision.needed} votes are given."
    missing = decision.missing(own)
    rest = f"After yours, {counted(missing, 'vote')} will be missing."
    return f"{given} {'Yours decides.' if missing <= 0 else rest}"


def change_rows(names: Members, following: Constitution) -> Iterator[dict[str, object]]:
    """Yields a row for each part of the constitution that an amendment changes."""
    now = names.constitution

    def short(uris: tuple[str, ...]) -> str:
        return " ".join(agency_name(names, uri) for uri in uris)

    parts: list[tuple[str, object, object]] = [
        ("council", short(now.council), short(following.council)),
        *(
            (f"votes: {rule}", getattr(now.rules, rule), getattr(following.rules, rule))
            for rule in RULES
        ),
        ("cosigners", short(now.cosigners), short(following.cosigners)),
        ("quorum", now.quorum, following.quorum),
        ("exchange", now.exchange.uri, following.exchange.uri),
        ("exchange's key", _key(now), _key(following)),
        ("exchange's address", now.exchange.address, following.exchange.address),
        ("exchange's name", now.exchange.dns_name, following.exchange.dns_name),
        ("exchange's CA", _authority(now), _authority(following)),
        ("log keys", " ".join(now.log.verifier_keys), " ".join(following.log.verifier_keys)),
        ("lowest suite", now.min_suite, following.min_suite),
    ]
    for part, before, after in parts:
        if before != after:
            yield {"part": part, "now": before, "proposed": after}


def _key(constitution: Constitution) -> str:
    return key_id(constitution.exchange.signing_key).hex()


def _authority(constitution: Constitution) -> str:
    return hashlib.sha256(constitution.exchange.certificate_authority).hexdigest()
