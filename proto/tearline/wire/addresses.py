"""Address of any statement: the parsers of all addressed types."""

from collections.abc import Callable, Mapping
from typing import Protocol

from tearline.statements.channel import Address
from tearline.statements.statement import Statement, StatementType, Trait
from tearline.wire.cases import parse_case_step
from tearline.wire.consents import parse_consent
from tearline.wire.grants import parse_bare_grant, parse_receipt, parse_void
from tearline.wire.recalls import parse_recall
from tearline.wire.requests import parse_step


class _Addressed(Protocol):
    @property
    def address(self) -> Address | None: ...


_PARSERS: Mapping[StatementType, Callable[[bytes], _Addressed]] = {
    StatementType.GRANT: parse_bare_grant,
    StatementType.RECEIPT: parse_receipt,
    StatementType.VOID: parse_void,
    StatementType.REQUEST_STEP: parse_step,
    StatementType.CONSENT: parse_consent,
    StatementType.RECALL: parse_recall,
    StatementType.CASE_STEP: parse_case_step,
}
"""A row for each type with ``Trait.ADDRESSED``."""


def address_of(statement: Statement) -> Address | None:
    """Returns the place of a statement in a channel; None for a type without one.

    Raises:
        StatementMalformed: If its body does not match its type.
    """
    if Trait.ADDRESSED not in statement.type.traits:
        return None
    return _PARSERS[statement.type](statement.body).address
