"""Consents in words: their status at a time, and the scope that they name."""

from tearline.federation.versions import Members
from tearline.onward.consent import ConsentStatus
from tearline.onward.use import Use
from tearline_client.rendering.words import agency_name
from tearline_client.store.consents import ConsentRecord


def status_at(record: ConsentRecord, now_ms: int) -> str:
    """Returns the status; ``ended`` for a given consent whose end has passed."""
    ends_ms = record.wanted.consent.ends_ms if record.wanted else 0
    is_over = record.status is ConsentStatus.GIVEN and 0 < ends_ms <= now_ms
    return "ended" if is_over else record.status.text


def scope_text(use: Use, scope: str, members: Members) -> str:
    """Returns the third party's short name, the proceedings, or the purpose."""
    return agency_name(members, scope) if scope and use is Use.PASS_ON else scope
