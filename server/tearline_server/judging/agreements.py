"""Judging of agreements: in force once every party signed, if this exchange supports their pins."""

from collections.abc import Collection, Iterable, Mapping

from tearline.agreement import Agreement, verify_parties_signed, verify_pins
from tearline.errors import AgreementMalformed, StatementConflict
from tearline.event import Event, EventCode
from tearline.identity import agency_uri_of
from tearline.proposal import verify_amends
from tearline.statement import signers_of
from tearline_server.judging.docket import NewMail
from tearline_server.judging.hearing import Hearing
from tearline_server.judging.room import deliver, verify_room


def accept_agreement(hearing: Hearing, agreement: Agreement) -> None:
    """Accepts a version of an agreement, and delivers it to every node of its parties.

    1. Every party and overseer signed it, by its root or a node; no other agency did.
    2. It pins the policy, schema, profile and masks of this exchange.
    3. It follows the version in force.
    4. Every two parties have room for it, and so has every node's mailbox.

    The caller has verified that the publisher's agency is a party.

    Raises:
        TearlineError: If a check fails; the state is then unchanged.
    """
    docket, registry, parties = hearing.docket, hearing.registry, agreement.terms.parties
    signers = signers_of(hearing.claim.statement, hearing.claim.attestations)
    if not signers <= set(agreement.signatories):
        raise AgreementMalformed("an agency that is neither party nor overseer signed it")
    verify_parties_signed(agreement, signers)
    verify_pins(agreement, registry.installation.pins)
    before = _verify_follows(hearing, agreement)
    size = len(hearing.claim.statement.body)
    registry.bounds.verify(agreement, size)
    verify_rooms(hearing, parties)

    entries = log_for(hearing, EventCode.AGREEMENT, agreement, parties)
    statement = entries[hearing.publisher.agency]
    docket.agreements.append((agreement.id, agreement.version, statement))
    if before is not None:
        docket.amend(hearing.ruling, before, agreement, statement)
    registry.put_agreement(agreement, statement, entries, size)
    put_into_mailboxes(hearing, entries)


def log_for(
    hearing: Hearing, code: EventCode, agreement: Agreement, agencies: Iterable[str]
) -> Mapping[str, int]:
    """Logs the heard statement and its agreement, in one entry per agency.

    Returns:
        The index of each agency's entry.
    """
    docket, entries = hearing.docket, {}
    for party in agencies:
        event = Event(
            statement_id=hearing.claim.statement.id,
            code=code,
            party=party,
            time_ms=docket.now_ms,
            actor=hearing.publisher.node,
            agreement_id=agreement.id,
            policy_digest=agreement.pins.policy,
        )
        # The receipt names the entry of the publisher's own agency.
        own = party == hearing.publisher.agency
        entries[party] = docket.settle(hearing.ruling, event) if own else docket.log(event)
    return entries


def verify_rooms(hearing: Hearing, agencies: Collection[str]) -> None:
    """Checks that the heard statement has room at every node of some agencies.

    Raises:
        MailboxFull: If too much from the publisher's agency waits for one of them.
    """
    for node in hearing.registry.trust.nodes():
        if agency_uri_of(node) in agencies:
            verify_room(hearing, node, 0)


def put_into_mailboxes(hearing: Hearing, entries: Mapping[str, int]) -> None:
    """Delivers the heard statement to every node of some agencies.

    Args:
        hearing: The statement; nodes of its publisher's agency receive it too.
        entries: The index of the entry that each agency receives.
    """
    statement = entries[hearing.publisher.agency]
    for node in hearing.registry.trust.nodes():
        if agency_uri_of(node) in entries:
            deliver(hearing, node, entries[agency_uri_of(node)], statement=statement)


def deliver_in_force(hearing: Hearing, node: str) -> None:
    """Delivers every agreement of a new node's agency to that node."""
    agency = agency_uri_of(node)
    for found in hearing.registry.agreements.values():
        if agency in found.agreement.terms.parties:
            _deliver(hearing, node, found.statement, found.entries[agency])


def _deliver(hearing: Hearing, node: str, statement: int, entry: int) -> None:
    hearing.docket.mail.append(
        NewMail(node=node, seq=hearing.registry.next_mail(node), statement=statement, entry=entry)
    )


def _concerns(hearing: Hearing, agreement: Agreement, before: Agreement) -> bool:
    """Returns whether a version may be compared with the version in force under its id.

    The publisher's agency must be a party to the version in force, or join by this version, which
    all current parties signed. Other agencies learn no detail of it.
    """
    parties = set(before.terms.parties)
    return hearing.publisher.agency in parties or parties <= set(agreement.terms.parties)


def _verify_follows(hearing: Hearing, agreement: Agreement) -> Agreement | None:
    found = hearing.registry.agreements.get(agreement.id)
    if found is None or not _concerns(hearing, agreement, found.agreement):
        if found is not None and agreement.version == 1:
            raise StatementConflict("its id is taken")
        if agreement.version != 1:
            raise AgreementMalformed("the first version is number 1")
        return None
    if agreement.version <= found.agreement.version:
        raise StatementConflict("its id and version are already in force")
    verify_amends(agreement, found.agreement)
    if agreement.version != found.agreement.version + 1:
        raise AgreementMalformed(f"version {found.agreement.version + 1} comes next")
    return found.agreement
