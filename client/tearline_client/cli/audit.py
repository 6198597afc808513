"""``tearline audit``: who saw what, under which article, and proofs of it."""

from collections.abc import Iterable
from pathlib import Path

import click

from tearline.armor import Armor
from tearline.checkpoint import SignedCheckpoint
from tearline.errors import (
    EXIT_INTEGRITY,
    EXIT_NOT_FOUND,
    EXIT_OK,
    ConfigUnreadable,
    HomeMissing,
    NotFound,
)
from tearline.event import Event
from tearline.federation import LogIdentity, TrustList
from tearline.limits import MAX_LOG_PROOF_BYTES, MAX_LOG_SIZE
from tearline.trust import TrustState
from tearline.wire.exchange import SearchRequest
from tearline.wire.statements import Signed
from tearline.wire.trust import parse_trust_list
from tearline_client.audit.proofs import SUFFIX, ProofFile, prove
from tearline_client.audit.search import BEGINNING, FoundEvent, search
from tearline_client.audit.sightings import OTHERS, Sighting, WhoSaw, who_saw
from tearline_client.audit.verifier import (
    AuditVerifier,
    Finding,
    Judgement,
    Outcome,
    finding_of,
    worst,
)
from tearline_client.cli.at_work import agency_name, at_work, home_of, time_text
from tearline_client.cli.frame import Frame, pass_frame
from tearline_client.cli.groups import Group
from tearline_client.enrolment import read_signed
from tearline_client.exporters.files import create_file
from tearline_client.node import Node

_FILE = click.Path(path_type=Path)
_STATUS = {
    Outcome.VERIFIED: EXIT_OK,
    Outcome.FAILED: EXIT_INTEGRITY,
    Outcome.INDETERMINATE: EXIT_NOT_FOUND,
}


@click.group(cls=Group)
def command() -> None:
    """Who saw what, under which article, and proofs of it."""


@command.command(name="search")
@click.argument("query", default="")
@click.option(
    "--after",
    type=click.IntRange(BEGINNING, MAX_LOG_SIZE),
    default=BEGINNING,
    help="The log position to continue after.",
)
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True)
@pass_frame
def search_command(frame: Frame, query: str, after: int, limit: int) -> None:
    """Search the log for QUERY, for example "action:grant-accepted -outcome:ok".

    Conditions are actor: action: packet: agreement: created:a..b outcome:, each negated by a
    leading minus. It takes a person with the role auditor, and is itself logged. Every event
    is verified under the log's keys, and against this node's own mirror of the log.
    """

    async def run(node: Node) -> tuple[list[FoundEvent], TrustList]:
        await node.state.follow()
        request = SearchRequest(query=query, after=after, limit=limit)
        found = search(node.state, request, lambda: node.audit_token(frame.settings.person))
        return [event async for event in found], node.state.trust.trust_list

    found, trust_list = at_work(frame, run)
    frame.emit(
        (
            {"entry": each.index, **event_row(each.event, trust_list), "proven": True}
            for each in found
        ),
        ["entry", "time", "action", "actor", "counterpart", "packet", "article", "outcome"],
    )
    if len(found) == limit:
        frame.say(f"There may be more: --after {found[-1].index}")


@command.command(name="who-saw")
@click.argument("packet")
@click.argument("field")
@click.option("--sync/--no-sync", default=True, show_default=True, help="Ask the exchange first.")
@pass_frame
def who_saw_command(frame: Frame, packet: str, field: str, sync: bool) -> None:
    """Show which partner saw FIELD of PACKET, in which form, under which article.

    PACKET is the beginning of its id; FIELD a path, the end of one, or slot:N. "Indeterminate"
    is what nobody has said: a partner that sent no receipt may have opened it or not. Where
    this node cannot tell which slots FIELD is, nothing is known, and the exit status is 6.
    """

    async def run(node: Node) -> tuple[WhoSaw, TrustList]:
        if sync:
            await node.receive()
        packet_id = node.state.stores.packets.find(packet)
        return who_saw(node.state, packet_id, field), node.state.trust.trust_list

    answer, trust_list = at_work(frame, run)
    frame.emit(
        (_sighting_row(sighting, trust_list) for sighting in answer.sightings),
        ["partner", "granted", "form", "delivered", "opened", "seen", "article", "by", "entry",
         "proven"],
    )  # fmt: skip
    if not answer.resolved:
        frame.say("This node cannot tell which field of the packet that is.")
        _end(EXIT_NOT_FOUND)
    _end(_STATUS[worst(s.proven for s in answer.sightings if s.proven is Outcome.FAILED)])


@command.command(name="prove")
@click.argument("statement")
@click.option(
    "--output-dir", "target", type=_FILE, required=True, help="An existing folder for the files."
)
@pass_frame
def prove_command(frame: Frame, statement: str, target: Path) -> None:
    """Write proofs of all that the log says here of STATEMENT, a packet or any other statement.

    STATEMENT is the beginning of its id. Each file is a c2sp.org/tlog-proof with the opened
    event in it: whoever gets it learns what the event says, and no field of any packet.
    """

    async def run(node: Node) -> tuple[ProofFile, ...]:
        return prove(node.state, statement)

    proofs = at_work(frame, run)
    for proof in proofs:
        with create_file(target, proof.name) as stream:
            stream.write(proof.data)
    frame.emit(
        (
            {"entry": proof.index, "file": str(target / proof.name), "about": proof.about.hex()}
            for proof in proofs
        ),
        ["entry", "file"],
    )


@command.command()
@click.argument("files", type=_FILE, nargs=-1, required=True)
@click.option("--trust", type=_FILE, help="The federation's trust list; else the pinned one.")
@click.option("--federation", help="The federation id that you know by another way; compared.")
@pass_frame
def verify(
    frame: Frame, files: tuple[Path, ...], trust: Path | None, federation: str | None
) -> None:
    """Verify proof FILES, or folders of them, offline and without any key of ours.

    Exit status: 0 all verified; 5 one failed; 6 none failed, and of one it cannot be told.
    """
    log, trust_list = _log_identity(frame, trust, federation)
    verifier = AuditVerifier(log)
    judged = [(path, _judge(verifier, path)) for path in _proof_files(files)]
    frame.emit(
        (_judgement_row(path, judgement, trust_list) for path, judgement in judged),
        ["file", "outcome", "entry", "time", "action", "actor", "counterpart", "packet", "why"],
    )
    _end(_STATUS[worst(judgement.outcome for _, judgement in judged)])


@command.command()
@click.option("--note", is_flag=True, help="The signed note itself, as the log published it.")
@click.option("--sync/--no-sync", default=True, show_default=True, help="Ask the exchange first.")
@pass_frame
def checkpoint(frame: Frame, note: bool, sync: bool) -> None:
    """Show the newest checkpoint of the log that this node has verified."""

    async def run(node: Node) -> SignedCheckpoint | None:
        if sync:
            await node.state.follow()
        return node.state.follower.checkpoint()

    signed = at_work(frame, run)
    if signed is None:
        raise NotFound("no checkpoint was verified here yet")
    if note:
        click.echo(signed.note.decode("utf-8"), nl=False)
        return
    times = [s.time_s for s in signed.signatures if s.time_s is not None]
    row: dict[str, object] = {
        "origin": signed.checkpoint.origin,
        "size": signed.checkpoint.size,
        "root": signed.checkpoint.root.hex(),
        "time": time_text(max(times) * 1000) if times else None,
        "signatures": len(signed.signatures),
    }
    frame.emit([row], list(row))


def event_row(event: Event, trust_list: TrustList | None) -> dict[str, object]:
    """An event as data: names where the trust list knows them, ids in hexadecimal."""

    def name(uri: str) -> str:
        return uri if trust_list is None or not uri else agency_name(trust_list, uri)

    return {
        "time": time_text(event.time_ms),
        "action": event.code.value,
        "actor": name(event.actor),
        "counterpart": name(event.counterpart),
        "party": name(event.party),
        "packet": event.packet.hex()[:12],
        "packet_id": event.packet.hex(),
        "statement": event.statement_id.hex(),
        "agreement": event.agreement_id.hex(),
        "article": event.article,
        "purpose": event.purpose,
        "pseudonym": event.pseudonym.hex(),
        "decisions": [
            {
                "compartment": decision.compartment,
                "category": decision.category,
                "form": decision.form,
                "policies": list(decision.policies),
                "slots": list(decision.slots),
            }
            for decision in event.decisions
        ],
        "outcome": event.outcome.value,
        "reason": event.reason,
        "count": event.count,
    }


def _sighting_row(sighting: Sighting, trust_list: TrustList) -> dict[str, object]:
    partner = sighting.partner
    return {
        "partner": "(others)" if partner == OTHERS else agency_name(trust_list, partner),
        "node": partner,
        "granted": sighting.granted.value,
        "form": None if sighting.form is None else sighting.form.text,
        "delivered": sighting.delivered.value,
        "opened": sighting.opened.value,
        "seen": sighting.seen.value,
        "article": sighting.article,
        "purpose": sighting.purpose,
        "by": " ".join(sighting.policy_ids),
        "entry": sighting.entry,
        "proven": sighting.proven.value,
        "grant": sighting.grant.hex(),
    }


def _judgement_row(
    path: Path, judgement: Judgement, trust_list: TrustList | None
) -> dict[str, object]:
    event = {} if judgement.event is None else event_row(judgement.event, trust_list)
    if judgement.statement is not None:
        statement = judgement.statement.statement
        action = statement.type.name.lower().replace("_", "-")
        event = {"action": action, "statement": statement.id.hex()}
    checkpoint = judgement.checkpoint
    # The verdict's own keys come last: what the event says must not stand for them.
    return {
        **event,
        "event_outcome": event.get("outcome"),
        "file": str(path),
        "outcome": judgement.outcome.value,
        "entry": judgement.index,
        "log": None if checkpoint is None else checkpoint.origin,
        "size": None if checkpoint is None else checkpoint.size,
        "why": "; ".join(f"{f.code} {f.text}" for f in judgement.findings),
        "findings": [
            {"outcome": f.outcome.value, "code": f.code, "text": f.text} for f in judgement.findings
        ],
    }


def _judge(verifier: AuditVerifier, path: Path) -> Judgement:
    """What a file is worth; of one that cannot be read, nothing can be told."""
    try:
        with path.open("rb") as file:
            return verifier.judge(file.read(MAX_LOG_PROOF_BYTES + 1))
    except OSError as error:
        unread: Finding = finding_of(
            ConfigUnreadable(error.strerror or "it cannot be read"), Outcome.INDETERMINATE
        )
        return Judgement(findings=(unread,))


def _proof_files(paths: Iterable[Path]) -> list[Path]:
    found = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(path.glob(f"*{SUFFIX}"))
        if not inside:
            raise NotFound(f"{path} holds no file that ends in {SUFFIX}")
        found += inside
    return found


def _log_identity(
    frame: Frame, trust: Path | None, federation: str | None
) -> tuple[LogIdentity | None, TrustList | None]:
    """The log's identity from a first trust list that all its roots signed; None without one."""
    if trust is None:
        try:
            signed, _ = home_of(frame).trust_list()
        except HomeMissing:
            return None, None
    else:
        signed = read_signed(Armor.TRUST_LIST, trust)
    trust_list = _verified_list(signed, federation)
    frame.say(f"Judged by the trust list of federation {signed.statement.id.hex()}.")
    return trust_list.log, trust_list


def _verified_list(signed: Signed, federation: str | None) -> TrustList:
    if federation is not None and signed.statement.id.hex() != federation:
        from tearline.errors import TrustListUnpinned

        raise TrustListUnpinned("the trust list is of another federation")
    TrustState(federation=signed.statement.id).apply(0, signed)
    return parse_trust_list(signed.statement.body)


def _end(status: int) -> None:
    if status != EXIT_OK:
        click.get_current_context().exit(status)
