"""The handler of each statement type."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tearline.statements.statement import StatementType
from tearline_server.processing.handlers.agreements import AGREEMENT
from tearline_server.processing.handlers.audit import ANCHOR, AUDIT_EXPORT
from tearline_server.processing.handlers.base import StatementHandler
from tearline_server.processing.handlers.cases import CASE_STEP
from tearline_server.processing.handlers.channels import MARK, VOID
from tearline_server.processing.handlers.consents import CONSENT
from tearline_server.processing.handlers.erasures import ERASURE
from tearline_server.processing.handlers.members import (
    AMENDMENT,
    CHARTER,
    CHARTER_SIGNATURE,
    KEY_RECORD,
    LEAVE,
    MEMBER_RECORD,
    REVOCATION,
    VOTE,
)
from tearline_server.processing.handlers.packets import GRANT, MANIFEST
from tearline_server.processing.handlers.proposals import PROPOSAL
from tearline_server.processing.handlers.recalls import RECALL
from tearline_server.processing.handlers.receipts import RECEIPT
from tearline_server.processing.handlers.requests import REQUEST_STEP
from tearline_server.processing.handlers.suspensions import STANDING

_ALL: tuple[StatementHandler[Any], ...] = (
    *(CHARTER, CHARTER_SIGNATURE, MEMBER_RECORD, AMENDMENT, VOTE, LEAVE, KEY_RECORD, REVOCATION),
    *(AGREEMENT, PROPOSAL, STANDING),
    *(MANIFEST, GRANT, RECEIPT, VOID, RECALL, MARK),
    *(CASE_STEP, CONSENT, REQUEST_STEP),
    *(ANCHOR, AUDIT_EXPORT, ERASURE),
)

HANDLERS: Mapping[StatementType, StatementHandler[Any]] = MappingProxyType(
    {handler.type: handler for handler in _ALL}
)
