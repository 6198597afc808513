"""Audit events in the Open Cybersecurity Schema Framework (OCSF), one line of JSON each.

Three classes suffice: Authentication for sign-ins, Account Change for persons and their
credentials, and API Activity for all other acts. A line holds ids, codes and counts, and never a
value of a field. It is ASCII: JSON escapes line ends, control characters and all other letters, so
that no text of a partner or person ends a line or forges another.
"""

import json
from collections.abc import Mapping
from enum import IntEnum
from functools import cache
from importlib.metadata import version

from tearline.audit.event import Event, EventCode, EventOutcome

OCSF_VERSION = "1.5.0"
"""Version of the schema that events state."""
ACCESS = "access"
"""Name of the node's own access log."""
EXCHANGE = "exchange"
"""Name of the exchange's log."""

_ACCOUNT_CHANGE, _AUTHENTICATION, _API_ACTIVITY = 3001, 3002, 6003
_CREATE, _READ, _UPDATE, _DELETE, _OTHER = 1, 2, 3, 4, 99
ACTIVITIES: Mapping[EventCode, tuple[int, int]] = {
    EventCode.GRANT_DELIVERED: (_API_ACTIVITY, _READ),
    EventCode.AUDIT_SEARCH: (_API_ACTIVITY, _READ),
    EventCode.AUDIT_EXPORT: (_API_ACTIVITY, _READ),
    EventCode.ACCESS_OPEN: (_API_ACTIVITY, _READ),
    EventCode.ACCESS_SEARCH: (_API_ACTIVITY, _READ),
    EventCode.ACCESS_DISCARDED: (_API_ACTIVITY, _DELETE),
    EventCode.ACCESS_ACTED: (_API_ACTIVITY, _UPDATE),
    EventCode.ACCESS_DRAFTED: (_API_ACTIVITY, _CREATE),
    EventCode.ACCESS_EXPORT: (_API_ACTIVITY, _READ),
    EventCode.ACCESS_LISTED: (_API_ACTIVITY, _READ),
    EventCode.ACCESS_PRINT: (_API_ACTIVITY, _READ),
    EventCode.ACCESS_READ: (_API_ACTIVITY, _READ),
    EventCode.HELD: (_API_ACTIVITY, _UPDATE),
    EventCode.MARK: (_API_ACTIVITY, _UPDATE),
    EventCode.RECEIPT: (_API_ACTIVITY, _UPDATE),
    EventCode.RETURNED: (_API_ACTIVITY, _UPDATE),
    EventCode.STANDING: (_API_ACTIVITY, _UPDATE),
    EventCode.TRUST: (_API_ACTIVITY, _UPDATE),
    EventCode.ERASED: (_API_ACTIVITY, _DELETE),
    EventCode.VOID: (_API_ACTIVITY, _DELETE),
    EventCode.CONFLICT: (_API_ACTIVITY, _OTHER),
    EventCode.OPERATOR: (_API_ACTIVITY, _OTHER),
    EventCode.OVERDUE: (_API_ACTIVITY, _OTHER),
    EventCode.REFUSED: (_API_ACTIVITY, _OTHER),
    EventCode.TIME: (_API_ACTIVITY, _OTHER),
    EventCode.TOKEN_REFUSED: (_API_ACTIVITY, _OTHER),
    EventCode.SIGN_IN: (_AUTHENTICATION, 1),  # Logon
    EventCode.PERSON_ADDED: (_ACCOUNT_CHANGE, 1),  # Create
    EventCode.PERSON_PASSPHRASE: (_ACCOUNT_CHANGE, 3),  # Password Change
    EventCode.PERSON_CODE: (_ACCOUNT_CHANGE, 4),  # Password Reset
    EventCode.PERSON_DISABLED: (_ACCOUNT_CHANGE, 5),  # Disable
    EventCode.PERSON_ROLES: (_ACCOUNT_CHANGE, 7),  # Attach Policy
    EventCode.PASSKEY_ADDED: (_ACCOUNT_CHANGE, 10),  # MFA Factor Enable
    EventCode.PASSKEY_REMOVED: (_ACCOUNT_CHANGE, 11),  # MFA Factor Disable
    EventCode.ACCOUNT_LINKED: (_ACCOUNT_CHANGE, _OTHER),
    EventCode.ACCOUNT_REMOVED: (_ACCOUNT_CHANGE, _OTHER),
}
"""Class and activity of acts; any other publishes a statement, which is a creation."""
_DAMAGED = "access-entry-damaged"


class Severity(IntEnum):
    """Severities of OCSF that are used."""

    INFORMATIONAL = 1
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


def ocsf_event(event: Event, index: int, leaf: bytes, log: str) -> dict[str, object]:
    """Returns an event of a log as an OCSF event.

    Args:
        event: The event.
        index: Its place in the log.
        leaf: The hash of its entry there.
        log: ``ACCESS`` or ``EXCHANGE``.
    """
    is_ok = event.outcome is EventOutcome.OK
    return {
        **_by_class(event),
        "time": event.time_ms,
        "count": event.count,
        "severity_id": _severity(event),
        "status_id": 1 if is_ok else 2,
        "status": "Success" if is_ok else "Failure",
        **({} if is_ok else {"status_code": event.reason}),
        "metadata": _metadata(leaf.hex(), index, log),
        "unmapped": _unmapped(event),
    }


def ocsf_damage(node: str, index: int, leaf: bytes, code: str, now_ms: int) -> dict[str, object]:
    """Returns the OCSF event for an entry of the access log that is missing or was edited.

    Args:
        node: The node's URI.
        index: The entry's place.
        leaf: The hash that was written with it; empty if that is missing, too.
        code: The code of the error.
        now_ms: The time, Unix milliseconds.
    """
    return {
        **_head(_API_ACTIVITY, _OTHER, _DAMAGED),
        "actor": {"user": {"name": node}},
        "api": {"operation": _DAMAGED},
        "src_endpoint": {"uid": node},
        "time": now_ms,
        "severity_id": Severity.CRITICAL,
        "status_id": 2,
        "status": "Failure",
        "status_code": code,
        "metadata": _metadata(leaf.hex(), index, ACCESS),
    }


def ocsf_line(event: Mapping[str, object]) -> str:
    """Returns an OCSF event as one line of ASCII, without the line's end."""
    return json.dumps(event, ensure_ascii=True, separators=(",", ":"))


def _head(class_uid: int, activity: int, name: str) -> dict[str, object]:
    return {
        "activity_id": activity,
        "activity_name": name,
        "category_uid": class_uid // 1000,
        "class_uid": class_uid,
        "type_uid": class_uid * 100 + activity,
    }


def _by_class(event: Event) -> dict[str, object]:
    code = event.code
    class_uid, activity = ACTIVITIES.get(code, (_API_ACTIVITY, _CREATE))
    found = _head(class_uid, activity, code.value) | {
        "actor": {"user": _user(event.actor, event.pseudonym)}
    }
    service = {"name": "tearline", "uid": event.party}
    if class_uid == _AUTHENTICATION:
        return found | {"user": _user(event.counterpart or event.actor), "service": service}
    if class_uid == _ACCOUNT_CHANGE:
        return found | {"user": _user(event.counterpart or event.actor)}
    found |= {
        "api": {"operation": code.value, "service": service},
        "src_endpoint": {"uid": event.actor if "://" in event.actor else event.party},
    }
    if "://" in event.counterpart:
        found["dst_endpoint"] = {"uid": event.counterpart}
    if event.packet:
        found["resources"] = [{"uid": event.packet.hex(), "type": "packet"}]
    return found


def _user(name: str, pseudonym: bytes = b"") -> dict[str, object]:
    return {"name": name, **({"uid": pseudonym.hex()} if pseudonym else {})}


def _severity(event: Event) -> int:
    if event.code is EventCode.CONFLICT:
        return Severity.HIGH
    return Severity.INFORMATIONAL if event.outcome is EventOutcome.OK else Severity.MEDIUM


def _metadata(uid: str, sequence: int, log: str) -> dict[str, object]:
    return {
        "version": OCSF_VERSION,
        "product": {"name": "Tearline", "vendor_name": "Tearline", "version": _version()},
        "uid": uid,
        "sequence": sequence,
        "log_name": log,
    }


@cache
def _version() -> str:
    return version("tearline")


def _unmapped(event: Event) -> dict[str, object]:
    """Returns the attributes that OCSF has no place for; empty ones are left out."""
    ids = {
        "act": event.statement_id.hex(),
        "account": "" if "://" in event.counterpart else event.counterpart,
        "agreement": event.agreement_id.hex(),
        "article": event.article,
        "detail": event.purpose,
        "policy_digest": event.policy_digest.hex(),
        "seconded_by": event.seconded_by.hex(),
    }
    fields: dict[str, int] = {}
    for each in event.decisions:
        kind = f"{each.category} {each.form}"
        fields[kind] = fields.get(kind, 0) + len(each.slots)
    found: dict[str, object] = {name: value for name, value in ids.items() if value}
    return found | ({"fields": fields} if fields else {})
