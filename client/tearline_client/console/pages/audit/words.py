"""Words of the audit: each code of an entry, an answer and an outcome as a message."""

from collections.abc import Mapping

from tearline.audit.event import EventCode, EventOutcome
from tearline_client.audit.verifier import Outcome
from tearline_client.audit.who_saw import Answer
from tearline_client.console.languages import mark
from tearline_client.console.words import ROLES

ACTIONS: Mapping[EventCode, str] = {
    EventCode.PACKET_ACCEPTED: mark("Packet accepted"),
    EventCode.GRANT_ACCEPTED: mark("Grant accepted"),
    EventCode.GRANT_DELIVERED: mark("Grant delivered"),
    EventCode.RECEIPT: mark("Receipt"),
    EventCode.VOID: mark("Grant withdrawn before delivery"),
    EventCode.MARK: mark("Mark of a channel"),
    EventCode.REFUSED: mark("Statement refused"),
    EventCode.CONFLICT: mark("Conflict"),
    EventCode.AGREEMENT: mark("Agreement"),
    EventCode.STANDING: mark("Suspension or resumption"),
    EventCode.HELD: mark("Held back during a suspension"),
    EventCode.RETURNED: mark("Returned to its sender"),
    EventCode.TRUST: mark("Member, vote or key record"),
    EventCode.TOKEN_REFUSED: mark("Person refused"),
    EventCode.AUDIT_SEARCH: mark("Search by an auditor"),
    EventCode.OPERATOR: mark("Act of the operator"),
    EventCode.TIME: mark("Time of the exchange"),
    EventCode.AUDIT_EXPORT: mark("Export by an auditor"),
    EventCode.ANCHOR: mark("Anchor of an access log"),
    EventCode.ERASED: mark("Erasure"),
    EventCode.REQUEST: mark("Step of a request"),
    EventCode.CONSENT: mark("Step of a consent"),
    EventCode.RECALL: mark("Recall"),
    EventCode.CASE: mark("Step of a case"),
    EventCode.PROPOSAL: mark("Step of a proposal"),
    EventCode.OVERDUE: mark("Overdue answer"),
}
"""Acts in the exchange's log."""
READINGS: Mapping[EventCode, str] = {
    EventCode.ACCESS_OPEN: mark("Packet opened"),
    EventCode.ACCESS_SEARCH: mark("Packets searched"),
    EventCode.ACCESS_EXPORT: mark("Fields exported"),
    EventCode.ACCESS_PRINT: mark("Packet printed"),
    EventCode.ACCESS_EXHIBIT: mark("Exhibit made"),
    EventCode.ACCESS_READ: mark("This log read"),
    EventCode.ACCESS_LISTED: mark("Objects listed to a program"),
    EventCode.ACCESS_DRAFTED: mark("Draft added by a program"),
    EventCode.ACCESS_DISCARDED: mark("Draft discarded"),
    EventCode.ACCESS_ACTED: mark("Act of a person"),
    EventCode.SIGN_IN: mark("Sign-in"),
    EventCode.PERSON_ADDED: mark("Person added"),
    EventCode.PERSON_ROLES: mark("Roles changed"),
    EventCode.PERSON_DISABLED: mark("Person disabled"),
    EventCode.PERSON_CODE: mark("One-time code made"),
    EventCode.PERSON_PASSPHRASE: mark("Passphrase set"),
    EventCode.PASSKEY_ADDED: mark("Passkey enrolled"),
    EventCode.PASSKEY_REMOVED: mark("Passkey removed"),
    EventCode.ACCOUNT_LINKED: mark("Account linked"),
    EventCode.ACCOUNT_REMOVED: mark("Account's link removed"),
}
"""Acts in the node's own access log."""
OUTCOMES: Mapping[EventOutcome, str] = {
    EventOutcome.OK: mark("Done"),
    EventOutcome.REFUSED: mark("Refused"),
}
ANSWERS: Mapping[Answer, str] = {
    Answer.YES: mark("Yes"),
    Answer.NO: mark("No"),
    Answer.INDETERMINATE: mark("Not known"),
}
PROOFS: Mapping[Outcome, str] = {
    Outcome.VERIFIED: mark("Verified"),
    Outcome.FAILED: mark("Failed"),
    Outcome.INDETERMINATE: mark("Indeterminate"),
}


def role_words(name: str) -> str:
    """Returns a role as a message; a role that is unknown here, as it was stated."""
    return next((words for role, words in ROLES.items() if role == name), name)
