"""Verification of deliveries, complete before any part is stored.

Pure: the inputs are a delivery, the log followed here and its trust data; the output is a verified
value. The exchange is not trusted: signer, position and contents of the entry, and the fields
opened by the grant, are all verified here.
"""

from collections.abc import Mapping
from typing import Any

from tearline.audit.event import Event, EventCode
from tearline.errors import EntryMismatch, GrantMisdirected, StatementMalformed
from tearline.statements.channel import Address
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import Header, Statement, StatementType
from tearline.verification.moment import Moment
from tearline.wire.addresses import address_of
from tearline.wire.deliveries import Delivery
from tearline.wire.grants import parse_bare_grant, parse_event
from tearline.wire.statements import signed_of
from tearline_client.messages.received import KeptBack, Received, ReceivedGrant
from tearline_client.messages.recipient import Delivered, Recipient
from tearline_client.rules.handler import Party, StatementHandler

_KEPT_BACK = frozenset({EventCode.HELD, EventCode.RETURNED})


class DeliveryVerifier:
    """Verifies deliveries for one node.

    Args:
        recipient: The node.
        handlers: Verify the content of each statement type.
    """

    def __init__(
        self, recipient: Recipient, handlers: Mapping[StatementType, StatementHandler[Any]]
    ) -> None:
        self._recipient = recipient
        self._handlers = handlers

    def verify(self, delivery: Delivery, *, now_ms: int) -> Received:
        """Verifies a delivery whose log entry matches its opening.

        1. The entry is about this statement, of the right kind, names this node's role, and matches
        the statement's own contents.

        2. The statement's signer, key and signature are valid at that log index.

        3. It is addressed to this node.

        4. Its content verifies; for a grant, every field it opens.

        Args:
            delivery: The delivery.
            now_ms: This node's clock.

        Raises:
            TearlineError: Names the failed check.
        """
        if delivery.entry is None or not delivery.statements:
            raise StatementMalformed("a delivery brings a statement and its log entry")
        statement = delivery.statements[0]
        event = parse_event(delivery.entry.event)
        if event.code in _KEPT_BACK:
            return self._kept_back(delivery.entry, event, statement, delivery)
        handler = self._handlers[statement.type]
        _verify_event(event, statement, handler.event)
        at = Moment(index=delivery.entry.index, time_ms=event.time_ms)
        signer = self._recipient.trust.verify(statement, delivery.attestations, at=at)
        content = handler.verify(
            self._recipient,
            Delivered(
                statement=statement,
                signer=signer,
                delivery=delivery,
                event=event,
                at=at,
                now_ms=now_ms,
            ),
        )
        self._verify_parties(event, handler.parties, signer)
        # A grant was read for its content; reading it again would take a tenth of the time.
        if isinstance(content, ReceivedGrant):
            _verify_agreement(event, content.grant.address)
        else:
            _verify_agreement(event, address_of(statement))
        return Received(
            signed=signed_of(statement, delivery.attestations),
            signer=signer,
            opening=delivery.entry,
            event=event,
            content=content,
        )

    def _kept_back(
        self, entry: LogOpening, event: Event, statement: Statement, delivery: Delivery
    ) -> Received:
        """Returns a grant of ours that the exchange held back, as verified by our own store."""
        if statement.type is not StatementType.GRANT or event.statement_id != statement.id:
            raise EntryMismatch("the log entry is about another statement")
        grant = parse_bare_grant(statement.body)
        if (event.party, grant.header.signer) != (self._recipient.node, self._recipient.node):
            raise GrantMisdirected("the grant is not one of this node's")
        return Received(
            signed=signed_of(statement, delivery.attestations),
            signer=grant.header,
            opening=entry,
            event=event,
            content=KeptBack(grant=grant),
        )

    def _verify_parties(self, event: Event, parties: Party, signer: Header) -> None:
        """Verifies the parties: a false entry would show auditors a delivery that never was."""
        match parties:
            case Party.ANY:
                return
            case Party.AGENCY:
                party = self._recipient.agency
            case Party.NODE:
                party = self._recipient.node
        if (event.actor, event.party) != (signer.signer, party):
            raise EntryMismatch("the log entry names other parties")


def _verify_event(event: Event, statement: Statement, code: EventCode | None) -> None:
    if (event.statement_id, event.code) != (statement.id, code):
        raise EntryMismatch("the log entry is about another statement")


def _verify_agreement(event: Event, address: Address | None) -> None:
    """Verifies that an entry names the agreement of its statement's channel (spec L-7).

    Otherwise another agreement's retention could erase it.
    """
    if address is not None and event.agreement_id != address.agreement_id:
        raise EntryMismatch("the log entry names another agreement")
