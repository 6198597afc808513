"""Judging of requests for records: each step in turn, by the clock that all three parties compute.

The exchange cannot read questions and answers. It sees the parties, the kind of each step, and the
events that move the clock. Of two exclusive steps it accepts the first. It logs overdue answers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tearline.audit.event import Decision, Event, EventCode
from tearline.encoding import labelled_sha256, prefixed, u64
from tearline.errors import PersonRequired, RecordRequestUnknown
from tearline.identity import agency_uri_of
from tearline.packets.grant import Grant
from tearline.packets.packet import Manifest, PacketKind
from tearline.policy.category import PERSONAL
from tearline.policy.form import Form
from tearline.requests.clock import Interval
from tearline.requests.progress import Progress, demand_of
from tearline.requests.replay import LoggedStep, replay
from tearline.requests.step import RequestStep, Side
from tearline.statements.statement import StatementType
from tearline.wire.agreements import parse_agreement
from tearline.wire.packets import parse_manifest
from tearline.wire.requests import parse_step
from tearline.wire.statements import header_of, parse_statement
from tearline_server.processing.batch import Batch, FollowedRequest
from tearline_server.processing.context import Context, LookupContext
from tearline_server.processing.handlers.base import StatementHandler, none
from tearline_server.processing.handlers.channels import relay, verify_sealed_to
from tearline_server.processing.registry import InForce, Registry
from tearline_server.storage.lookups import Lookups, StoredRequest
from tearline_server.storage.rows import RequestRow, RequestStepRow

RequestKey = tuple[bytes, str]
"""Id of a request's manifest, and URI of the node asked."""


def begin_request(context: Context, grant: Grant, manifest: Manifest, agreed: InForce) -> None:
    """Starts tracking a request at its first grant to a holder; ignores other packets."""
    key = (grant.packet, grant.address.recipient)
    known = context.batch.requests.keys() | context.batch.known.requests.keys()
    if manifest.kind is not PacketKind.RECORD_REQUEST or key in known:
        return
    progress = Progress.begin(
        demand_of(manifest, agreed.agreement), granted_ms=context.batch.now_ms
    )
    context.batch.requests[key] = FollowedRequest(
        asker=context.publisher.node,
        agreement=agreed.agreement,
        agreed=agreed.statement,
        article=manifest.agreement.article,
        progress=progress,
        overdue_ms=None,
        is_new=True,
    )


def verify_person(grant: Grant, manifest: Manifest, decisions: Iterable[Decision]) -> None:
    """Checks that an answer with personal data names a responsible person.

    Raises:
        PersonRequired: If none is named.
    """
    if manifest.kind is not PacketKind.RECORD_ANSWER or grant.acted_by is not None:
        return
    shown = {each.category for each in decisions if each.form != Form.EXISTS.text}
    if shown & PERSONAL:
        raise PersonRequired("the answer contains personal data")


def note_stored(batch: Batch, packet: bytes, holder: str) -> None:
    """Starts the clock of a request that its holder received; ignores other packets."""
    found = _followed(batch, (packet, holder))
    if found is None or found.progress.stored_ms is not None:
        return
    batch.requests[packet, holder] = replace(found, progress=found.progress.stored(batch.now_ms))


def accept_step(context: Context, step: RequestStep) -> None:
    """Accepts a step, and relays it to the other side.

    1. The request exists between the two, and the signer may take the step.
    2. The step follows from the logged steps of the request.
    3. Its recipient can open it.
    4. Its place in the channel is the next one.

    Raises:
        RecordRequestUnknown: If there is no such request; identical for requests of other nodes.
        RecordRequestError: If the step does not follow.
        RecipientKeyExpired: If its recipient can no longer open it; the signer must reseal it.
        TearlineError: If it may not be relayed; see ``relay``.
    """
    batch, address = context.batch, step.address
    key, side = _key_of(context, step)
    found = _followed(batch, key)
    if found is None and batch.known.is_restored:
        # A restore lost the request; the other side still has it.
        verify_sealed_to(context, address.recipient, step.kem_key_id)
        relay(context, address, EventCode.REQUEST, acted_by=step.acted_by, packet=step.request)
        return
    asker = address.recipient if side is Side.HOLDER else context.signer
    if found is None or found.asker != asker or found.agreement.id != address.agreement_id:
        raise RecordRequestUnknown
    stopped = batch.stopped(found, key[1])
    progress = found.progress.after(side, step, time_ms=batch.now_ms, stopped=stopped)
    verify_sealed_to(context, address.recipient, step.kem_key_id)
    entry = relay(context, address, EventCode.REQUEST, acted_by=step.acted_by, packet=step.request)
    batch.requests[key] = replace(found, progress=progress)
    batch.request_steps.append(
        RequestStepRow(packet=key[0], holder=key[1], statement=entry, time_ms=batch.now_ms)
    )


def _key_of(context: Context, step: RequestStep) -> tuple[RequestKey, Side]:
    """Returns the key of a step's request, and the signer's side.

    For a step that either side may take, the known request decides.
    """
    keys = {
        Side.HOLDER: (step.request, context.signer),
        Side.ASKER: (step.request, step.address.recipient),
    }
    sides = [side for side in step.kind.sides if _followed(context.batch, keys[side]) is not None]
    side = sides[0] if sides else step.kind.sides[0]
    return keys[side], side


def log_overdue(registry: Registry, batch: Batch, keys: Iterable[RequestKey]) -> None:
    """Logs overdue answers: once for each request and clock, naming both sides.

    Suspensions and departures are read only here. A request whose clock stood still is stored with
    its new deadline, or as one whose clock still stands still; a request of a departed party, as
    one without a deadline.

    Args:
        registry: The members.
        batch: The batch.
        keys: Requests whose deadline was found to have passed.
    """
    members = registry.trust.members
    for packet, holder in keys:
        found = _followed(batch, (packet, holder))
        if found is None:
            continue
        parties = (agency_uri_of(found.asker), agency_uri_of(holder))
        found = replace(found, departed=bool(members.departed(parties, found.agreed)))
        batch.requests[packet, holder] = found
        stopped = batch.stopped(found, holder)
        due_ms = found.progress.clock(stopped).due_ms()
        late = found.progress.is_overdue(batch.now_ms, stopped)
        if found.departed or not late or due_ms is None or due_ms == found.overdue_ms:
            continue
        batch.log(
            Event(
                statement_id=overdue_id(packet, holder, due_ms),
                code=EventCode.OVERDUE,
                party=holder,
                time_ms=batch.now_ms,
                actor=members.exchange.uri,
                counterpart=found.asker,
                packet=packet,
                agreement_id=found.agreement.id,
            )
        )
        batch.requests[packet, holder] = replace(found, overdue_ms=due_ms)


def overdue_id(packet: bytes, holder: str, due_ms: int) -> bytes:
    """Returns the id of the entry for an overdue answer, from its request and deadline."""
    return labelled_sha256("overdue", packet, prefixed(holder.encode()), u64(due_ms))


def request_rows(batch: Batch, *, new: bool) -> Sequence[RequestRow]:
    """Returns the rows of requests that a batch opens (``new``), or those it changes."""
    return [
        _row(key, found, batch.stopped(found, key[1]))
        for key, found in batch.requests.items()
        if found.is_new is new
    ]


def _row(key: RequestKey, found: FollowedRequest, stopped: Sequence[Interval]) -> RequestRow:
    progress = found.progress
    owed = not (progress.phase.has_ended or progress.is_preservation or found.departed)
    due_ms = progress.clock(stopped).due_ms() if owed else None
    return RequestRow(
        packet=key[0],
        holder=key[1],
        asker=found.asker,
        agreement=found.agreement.id,
        version=found.agreement.version,
        granted_ms=progress.granted_ms,
        stored_ms=progress.stored_ms,
        due_ms=None if due_ms == found.overdue_ms else due_ms,
        overdue_ms=found.overdue_ms,
        stopped=owed and due_ms is None and any(each.end_ms is None for each in stopped),
        article=found.article,
    )


def _followed(batch: Batch, key: RequestKey) -> FollowedRequest | None:
    found = batch.requests.get(key)
    # A request that the batch seemed to open may be stored already, from an earlier grant.
    if found is not None and not (found.is_new and key in batch.known.requests):
        return found
    stored = batch.known.requests.get(key)
    return None if stored is None else _restored(batch, stored)


def _restored(batch: Batch, stored: StoredRequest) -> FollowedRequest:
    row = stored.row
    manifest = parse_manifest(parse_statement(stored.manifest).body)
    agreement = parse_agreement(parse_statement(stored.agreement).body)
    begun = Progress.begin(
        demand_of(manifest, agreement), granted_ms=row.granted_ms, stored_ms=row.stored_ms
    )
    found = FollowedRequest(
        asker=row.asker,
        agreement=agreement,
        agreed=stored.agreed,
        article=manifest.agreement.article,
        progress=begun,
        overdue_ms=row.overdue_ms,
        is_new=False,
        stoppages=stored.stoppages,
        reaches=stored.reaches,
    )
    steps = [_logged(row, *each) for each in stored.steps]
    replayed = replay(begun, steps, batch.stopped(found, row.holder))
    return replace(found, progress=replayed.progress)


def _logged(row: RequestRow, index: int, time_ms: int, envelope: bytes) -> LoggedStep:
    body = parse_statement(envelope).body
    side = Side.HOLDER if header_of(body).signer == row.holder else Side.ASKER
    return LoggedStep(side=side, step=parse_step(body), index=index, time_ms=time_ms, counted=True)


def _lookups(context: LookupContext, step: RequestStep) -> Lookups:
    ends = (context.signer, step.address.recipient)
    return Lookups(requests=frozenset((step.request, holder, context.signer) for holder in ends))


REQUEST_STEP = StatementHandler(
    type=StatementType.REQUEST_STEP,
    parse=parse_step,
    natural_id=none,
    lookups=_lookups,
    recipient=lambda step: step.address.recipient,
    apply=accept_step,
)
