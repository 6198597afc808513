"""Judging of members, votes, key records and revocations: the clear entries of the log."""

from functools import partial

from tearline.audit.event import Event, EventCode
from tearline.crypto.authority_profile import verify_authority
from tearline.errors import MembershipRejected, TlsError
from tearline.federation.charter import Constitution
from tearline.federation.decisions import Amendment, Leave, MemberRecord, Vote, VoteKind
from tearline.federation.members import ExchangeEnrolment, KeyRecord, KeyUse
from tearline.federation.record_limits import verify_date
from tearline.identity import agency_uri_of, parse_agency_uri
from tearline.statements.statement import StatementType
from tearline.verification.log_entries import clear_entry
from tearline.wire.federation import (
    parse_amendment,
    parse_charter,
    parse_charter_signature,
    parse_key_record,
    parse_leave,
    parse_member_record,
    parse_revocation,
    parse_vote,
)
from tearline.wire.statements import signed_of
from tearline_server.processing.context import Context, LookupContext
from tearline_server.processing.handlers.agreements import deliver_in_force
from tearline_server.processing.handlers.base import StatementHandler, no_lookups, none
from tearline_server.processing.handlers.departures import agreements_of, return_departed
from tearline_server.processing.handlers.suspensions import deliver_standings
from tearline_server.processing.registry import Installation
from tearline_server.storage.lookups import Lookups


def accept_member(context: Context, content: object) -> None:
    """Accepts a public statement: logs a clear entry, and the event for its receipt.

    Raises:
        TearlineError: If the state of trust refuses it; the state is then unchanged.
    """
    batch, trust = context.batch, context.registry.trust
    if isinstance(content, Amendment):
        _verify_amends(context, content)
    if isinstance(content, Vote) and (found := trust.membership.amendment(content.content)):
        _verify_amends(context, found)  # the keys may have been discarded meanwhile
    if isinstance(content, MemberRecord):
        current = trust.members.agency(content.agency.uri)
        known = current.certificate_authorities if current else ()
        verify_authorities(content, known, now_s=batch.now_ms // 1000)
    if isinstance(content, KeyRecord):
        verify_date(content, now_ms=batch.now_ms)
    nodes = _nodes_beside(context, content)
    signed = signed_of(context.submitted.statement, context.submitted.attestations)
    clear_entry(signed)  # raises before any change if the statement does not fit an entry
    index = batch.next_index
    trust.apply(index, signed)

    batch.log(signed)
    batch.trust_changed = True
    # A decision is stated by the directory at once, since light nodes read nothing else.
    batch.directory_due |= trust.membership.has_changed_at(index)
    event = Event(
        statement_id=context.submitted.statement.id,
        code=EventCode.TRUST,
        party=context.publisher.node,
        time_ms=batch.now_ms,
        actor=context.publisher.node,
    )
    batch.settle(context.result, event)
    subject = _departing(context, content)
    if subject and trust.members.agency(subject) is None:
        return_departed(context.registry, batch, subject, actor=context.publisher.node)
    if (
        isinstance(content, KeyRecord)
        and content.use is KeyUse.SIGN
        and content.subject not in nodes
    ):
        deliver_in_force(context, content.subject)
        deliver_standings(context, content.subject)


def _nodes_beside(context: LookupContext, content: object) -> tuple[str, ...]:
    """Returns the nodes on record of the agency for whose node a key record is, or none."""
    if not isinstance(content, KeyRecord):
        return ()
    return context.registry.trust.nodes_of(agency_uri_of(content.subject))


def _departing(context: LookupContext, content: object) -> str:
    """Returns the agency whose membership a statement may end, or an empty string."""
    if isinstance(content, Vote) and content.kind is VoteKind.REMOVE:
        return content.subject
    return context.publisher.agency if isinstance(content, Leave) else ""


def _lookups(context: LookupContext, content: object) -> Lookups:
    """Returns the lookup of the undelivered grants that a departure returns."""
    subject = _departing(context, content)
    if not subject:
        return Lookups()
    return Lookups(agreements=agreements_of(context.registry, subject))


def verify_authorities(record: MemberRecord, known: tuple[bytes, ...], *, now_s: int) -> None:
    """Checks every certificate authority that a member record adds.

    An agency changes its own authority with its own root alone. A certificate that the TLS library
    reads otherwise would make this exchange refuse the connections of others.

    Args:
        record: The record.
        known: The authorities of the agency's record in force.
        now_s: The time, Unix seconds.

    Raises:
        TlsError: If one belongs to another agency, or is not valid now; it names the agency.
    """
    agency = parse_agency_uri(record.agency.uri)
    for authority in record.agency.certificate_authorities:
        if authority not in known:
            try:
                verify_authority(authority, agency).verify_time(now_s)
            except TlsError as error:
                raise type(error)(f"{record.agency.name}: {error.why}".rstrip(": ")) from None


def _verify_amends(context: Context, amendment: Amendment) -> None:
    """Checks that an amendment keeps exchange and log, or names prepared keys of this exchange.

    Raises:
        MembershipRejected: If it names keys that this exchange does not have, or its successor.
    """
    if amendment.size:
        raise MembershipRejected("a succession is decided on by files: the operator logs it")
    following = amendment.constitution
    installation, now = context.registry.installation, context.registry.trust.members.constitution
    named = ExchangeEnrolment(exchange=following.exchange, log=following.log)
    kept = ExchangeEnrolment(exchange=now.exchange, log=now.log)
    if named not in (kept, installation.identity, installation.prepared):
        raise MembershipRejected("it names keys of exchange or log that were not prepared here")


def verify_names_us(constitution: Constitution, installation: Installation) -> None:
    """Checks that a charter's constitution names this exchange and its log, by their keys.

    Raises:
        MembershipRejected: If it names others.
    """
    identity = installation.identity
    if (constitution.exchange.uri, constitution.exchange.signing_key, constitution.log) != (
        identity.exchange.uri,
        identity.exchange.signing_key,
        identity.log,
    ):
        raise MembershipRejected("it names another exchange or another log than this one")


_by_root = partial(
    StatementHandler,
    by_keys_alone=True,
    is_judged_anew=True,
    natural_id=none,
    lookups=_lookups,
    recipient=none,
    apply=accept_member,
)

# A charter stands at the beginning of a log, where the operator puts it: here both are refused.
CHARTER = _by_root(type=StatementType.CHARTER, parse=parse_charter)
CHARTER_SIGNATURE = _by_root(type=StatementType.CHARTER_SIGNATURE, parse=parse_charter_signature)
# A newcomer has no node yet: a member of the council publishes its record.
MEMBER_RECORD = _by_root(
    type=StatementType.MEMBER_RECORD, parse=parse_member_record, by_any_node=True
)
AMENDMENT = _by_root(type=StatementType.AMENDMENT, parse=parse_amendment)
VOTE = _by_root(type=StatementType.VOTE, parse=parse_vote)
LEAVE = _by_root(type=StatementType.LEAVE, parse=parse_leave)

KEY_RECORD = StatementHandler(
    type=StatementType.KEY_RECORD,
    by_keys_alone=True,
    parse=parse_key_record,
    natural_id=none,
    lookups=no_lookups,
    recipient=none,
    apply=accept_member,
)

REVOCATION = StatementHandler(
    type=StatementType.REVOCATION,
    by_keys_alone=True,
    parse=parse_revocation,
    natural_id=none,
    lookups=no_lookups,
    recipient=none,
    apply=accept_member,
)
