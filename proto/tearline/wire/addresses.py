"""Address of any statement: the list of all addressed types."""

from collections.abc import Callable, Mapping
from typing import Protocol

from tearline.statements.channel import Address
from tearline.statements.statement import Statement, StatementType
from tearline.wire.cases import parse_case_step
from tearline.wire.consents import parse_consent
from tearline.wire.grants import parse_bare_grant, parse_receipt, parse_void
from tearline.wire.recalls import parse_recall
from tearline.wire.requests import parse_step


class _Addressed(Protocol):
    @property
    def address(self) -> Address | None: ...


_PARSERS: Mapping[StatementType, Callable[[bytes], _Addressed] | None] = {
    StatementType.TRUST_LIST: None,
    StatementType.KEY_RECORD: None,
    StatementType.REVOCATION: None,
    StatementType.AGREEMENT: None,
    StatementType.STANDING: None,
    StatementType.MANIFEST: None,
    StatementType.GRANT: parse_bare_grant,
    StatementType.RECEIPT: parse_receipt,
    StatementType.VOID: parse_void,
    StatementType.MARK: None,
    StatementType.AUDIT_EXPORT: None,
    StatementType.ERASURE: None,
    StatementType.ANCHOR: None,
    StatementType.REQUEST_STEP: parse_step,
    StatementType.CONSENT: parse_consent,
    StatementType.RECALL: parse_recall,
    StatementType.CASE_STEP: parse_case_step,
    StatementType.PROPOSAL: None,
}
"""None for a type that stands in no channel."""


def address_of(statement: Statement) -> Address | None:
    """Returns the place of a statement in a channel; None for a type without one.

    Raises:
        StatementMalformed: If its body does not match its type.
    """
    parse = _PARSERS[statement.type]
    return None if parse is None else parse(statement.body).address
