"""Judging of trust lists, key records and revocations: the clear entries of the log."""

from tearline.audit.event import Event, EventCode
from tearline.crypto.certificates import verify_authority
from tearline.errors import TrustListRejected
from tearline.federation.members import KeyRecord, KeyUse, Revocation, TrustList
from tearline.federation.record_limits import verify_date
from tearline.identity import parse_agency_uri
from tearline.statements.statement import StatementType
from tearline.verification.log_entries import clear_entry
from tearline.wire.federation import parse_key_record, parse_revocation, parse_trust_list
from tearline.wire.statements import signed_of
from tearline_server.processing.context import Context
from tearline_server.processing.handlers.agreements import deliver_in_force
from tearline_server.processing.handlers.base import StatementHandler, no_lookups, none
from tearline_server.processing.handlers.suspensions import deliver_standings
from tearline_server.processing.registry import Installation


def accept_member(context: Context, content: TrustList | KeyRecord | Revocation) -> None:
    """Accepts a public statement: logs a clear entry, and the event for its receipt.

    Raises:
        TearlineError: If the state of trust refuses it; the state is then unchanged.
    """
    batch, trust = context.batch, context.registry.trust
    if isinstance(content, TrustList):
        verify_names_us(content, context.registry.installation)
        verify_authorities(content, trust.trust_list, now_s=batch.now_ms // 1000)
    if isinstance(content, KeyRecord):
        verify_date(content, now_ms=batch.now_ms)
    known = trust.nodes()
    signed = signed_of(context.submitted.statement, context.submitted.attestations)
    clear_entry(signed)  # raises before any change if the statement does not fit an entry
    trust.apply(batch.next_index, signed)

    batch.log(signed)
    batch.trust_changed = True
    event = Event(
        statement_id=context.submitted.statement.id,
        code=EventCode.TRUST,
        party=context.publisher.node,
        time_ms=batch.now_ms,
        actor=context.publisher.node,
    )
    batch.settle(context.result, event)
    if (
        isinstance(content, KeyRecord)
        and content.use is KeyUse.SIGN
        and content.subject not in known
    ):
        deliver_in_force(context, content.subject)
        deliver_standings(context, content.subject)


def verify_authorities(following: TrustList, current: TrustList | None, *, now_s: int) -> None:
    """Checks every certificate authority that a trust list adds.

    An agency changes its own authority with its own root alone. An invalid certificate would make
    this exchange refuse all connections.

    Args:
        following: The list.
        current: The list before it, or None.
        now_s: The time, Unix seconds.

    Raises:
        TlsError: If one belongs to another agency, or is not valid now.
    """
    known = {
        (agency.uri, authority)
        for agency in (current.agencies if current else ())
        for authority in agency.certificate_authorities
    }
    for agency in following.agencies:
        for authority in agency.certificate_authorities:
            if (agency.uri, authority) not in known:
                verify_authority(authority, parse_agency_uri(agency.uri), now_s)


def verify_names_us(trust_list: TrustList, installation: Installation) -> None:
    """Checks that a trust list names this exchange and its log, by their keys.

    Raises:
        TrustListRejected: If it names others.
    """
    identity = installation.identity
    if (trust_list.exchange.uri, trust_list.exchange.signing_key, trust_list.log) != (
        identity.exchange.uri,
        identity.exchange.signing_key,
        identity.log,
    ):
        raise TrustListRejected("it names another exchange or another log than this one")


TRUST_LIST = StatementHandler(
    type=StatementType.TRUST_LIST,
    by_keys_alone=True,
    by_any_node=True,
    is_judged_anew=True,
    parse=parse_trust_list,
    natural_id=none,
    lookups=no_lookups,
    recipient=none,
    apply=accept_member,
)

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
