"""Handlers of access logs: anchors are logged unread; exports are never published."""

from typing import NoReturn

from tearline.audit.anchor import Anchor
from tearline.audit.event import Event, EventCode
from tearline.encoding import u64
from tearline.errors import StatementUnsupported
from tearline.statements.statement import StatementType
from tearline.wire.grants import parse_anchor
from tearline_server.processing.context import Context
from tearline_server.processing.handlers.base import StatementHandler, no_lookups, none


def accept_anchor(context: Context, anchor: Anchor) -> None:
    """Logs that a node anchored its own access log; the exchange cannot see its content."""
    event = Event(
        statement_id=context.submitted.statement.id,
        code=EventCode.ANCHOR,
        party=context.publisher.node,
        time_ms=context.batch.now_ms,
        actor=context.publisher.node,
    )
    context.batch.settle(context.result, event)


def _refuse_export(*_: object) -> NoReturn:
    """Raises StatementUnsupported: an export is handed from person to person."""
    raise StatementUnsupported("statements of type audit_export")


ANCHOR = StatementHandler(
    type=StatementType.ANCHOR,
    parse=parse_anchor,
    natural_id=lambda anchor: b"A" + u64(anchor.number),
    lookups=no_lookups,
    recipient=none,
    apply=accept_anchor,
)

AUDIT_EXPORT: StatementHandler[object] = StatementHandler(
    type=StatementType.AUDIT_EXPORT,
    parse=_refuse_export,
    natural_id=none,
    lookups=no_lookups,
    recipient=none,
    apply=_refuse_export,
)
