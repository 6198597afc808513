"""Judging of agreements: in force once every party signed, if this exchange supports their pins."""

from collections.abc import Collection, Iterable, Mapping

from tearline.agreements.agreement import Agreement, verify_parties_signed, verify_pins
from tearline.agreements.proposal import verify_amends
from tearline.audit.event import Event, EventCode
from tearline.errors import AgreementMalformed, StatementConflict
from tearline.identity import agency_uri_of
from tearline.statements.statement import StatementType, signers_of
from tearline.wire.agreements import parse_agreement
from tearline_server.processing.context import Context, LookupContext
from tearline_server.processing.handlers.base import StatementHandler, none
from tearline_server.processing.mailbox_quota import deliver, verify_room
from tearline_server.storage.lookups import Lookups
from tearline_server.storage.rows import MailRow


def accept_agreement(context: Context, agreement: Agreement) -> None:
    """Accepts a version of an agreement, and delivers it to every node of its parties.

    1. Every party and overseer signed it, by its root or a node; no other agency did.
    2. It pins the policy, schema, profile and masks of this exchange.
    3. It follows the version in force.
    4. Every two parties have room for it, and so has every node's mailbox.

    Authorship has verified that the publisher's agency is a party.

    Raises:
        TearlineError: If a check fails; the state is then unchanged.
    """
    batch, registry, parties = context.batch, context.registry, agreement.terms.parties
    signers = signers_of(context.submitted.statement, context.submitted.attestations)
    if not signers <= set(agreement.signatories):
        raise AgreementMalformed("an agency that is neither party nor overseer signed it")
    verify_parties_signed(agreement, signers)
    verify_pins(agreement, registry.installation.pins)
    before = _verify_follows(context, agreement)
    size = len(context.submitted.statement.body)
    registry.bounds.verify(agreement, size)
    verify_rooms(context, parties)

    entries = log_for(context, EventCode.AGREEMENT, agreement, parties)
    statement = entries[context.publisher.agency]
    batch.agreements.append((agreement.id, agreement.version, statement))
    if before is not None:
        batch.amend(context.result, before, agreement, statement)
    registry.put_agreement(agreement, statement, entries, size)
    put_into_mailboxes(context, entries)


def log_for(
    context: Context, code: EventCode, agreement: Agreement, agencies: Iterable[str]
) -> Mapping[str, int]:
    """Logs the heard statement and its agreement, in one entry per agency.

    Returns:
        The index of each agency's entry.
    """
    batch, entries = context.batch, {}
    for party in agencies:
        event = Event(
            statement_id=context.submitted.statement.id,
            code=code,
            party=party,
            time_ms=batch.now_ms,
            actor=context.publisher.node,
            agreement_id=agreement.id,
            policy_digest=agreement.pins.policy,
        )
        # The receipt names the entry of the publisher's own agency.
        own = party == context.publisher.agency
        entries[party] = batch.settle(context.result, event) if own else batch.log(event)
    return entries


def verify_rooms(context: Context, agencies: Collection[str]) -> None:
    """Checks that the heard statement has room at every node of some agencies.

    Raises:
        MailboxFull: If too much from the publisher's agency waits for one of them.
    """
    for agency in agencies:
        for node in context.registry.trust.nodes_of(agency):
            verify_room(context, node, 0)


def put_into_mailboxes(context: Context, entries: Mapping[str, int]) -> None:
    """Delivers the heard statement to every node of some agencies.

    Args:
        context: The statement; nodes of its publisher's agency receive it too.
        entries: The index of the entry that each agency receives.
    """
    statement = entries[context.publisher.agency]
    for agency, entry in entries.items():
        for node in context.registry.trust.nodes_of(agency):
            deliver(context, node, entry, statement=statement)


def deliver_in_force(context: Context, node: str) -> None:
    """Delivers every agreement of a new node's agency to that node."""
    agency = agency_uri_of(node)
    for found in context.registry.agreements.values():
        if agency in found.agreement.terms.parties:
            _deliver(context, node, found.statement, found.entries[agency])


def _deliver(context: Context, node: str, statement: int, entry: int) -> None:
    context.batch.mail.append(
        MailRow(node=node, seq=context.registry.next_mail(node), statement=statement, entry=entry)
    )


def _concerns(context: Context, agreement: Agreement, before: Agreement) -> bool:
    """Returns whether a version may be compared with the version in force under its id.

    The publisher's agency must be a party to the version in force, or join by this version, which
    all current parties signed. Other agencies learn no detail of it.
    """
    parties = set(before.terms.parties)
    return context.publisher.agency in parties or parties <= set(agreement.terms.parties)


def _verify_follows(context: Context, agreement: Agreement) -> Agreement | None:
    found = context.registry.agreements.get(agreement.id)
    if found is None or not _concerns(context, agreement, found.agreement):
        if found is not None and agreement.version == 1:
            raise StatementConflict("its id is taken")
        if agreement.version != 1:
            raise AgreementMalformed("the first version is number 1")
        return None
    if agreement.version <= found.agreement.version:
        raise StatementConflict("its id and version are already in force")
    verify_amends(agreement, found.agreement, context.registry.departed(found))
    if agreement.version != found.agreement.version + 1:
        raise AgreementMalformed(f"version {found.agreement.version + 1} comes next")
    return found.agreement


def rooms_of(context: LookupContext, agencies: Iterable[str]) -> Lookups:
    """Returns the lookups of the mail that waits at every node of some agencies."""
    return Lookups(rooms=frozenset((each, context.publisher.agency) for each in agencies))


AGREEMENT = StatementHandler(
    type=StatementType.AGREEMENT,
    is_judged_anew=True,
    parse=parse_agreement,
    natural_id=none,
    lookups=lambda context, agreement: rooms_of(context, agreement.terms.parties),
    recipient=none,
    apply=accept_agreement,
    parties=lambda agreement: agreement.terms.parties,
)
