"""Steps of consents to test with."""

from typing import Any

from support.agencies import AGREEMENT_ID, CN, MX, NOW_MS, US, federation, kem_key, node_of, secret
from tearline.onward.consent import Consent, ConsentStep, ConsentTerms
from tearline.onward.use import Use
from tearline.statements.channel import Address
from tearline.statements.statement import ActedBy

PERSON = ActedBy(
    pseudonym=secret("pseudonym"), role="liaison", token_hash=secret("token"), time_ms=NOW_MS
)
NAME, PHONE = "aa/Person/name", "aa/Person/phone"
TERMS = ConsentTerms(fields=(NAME, PHONE), scope=node_of(CN), note="for the joint case")


def consent(step: ConsentStep = ConsentStep.ASK, **changed: Any) -> Consent:
    """A step between Mexico, which asks, and the United States, which made the packet."""
    from_asker = step is ConsentStep.ASK
    names_fields = step in (ConsentStep.ASK, ConsentStep.GIVE)
    parts: dict[str, Any] = {
        "header": federation().node(MX if from_asker else US).header,
        "address": Address(
            recipient=node_of(US if from_asker else MX), agreement_id=AGREEMENT_ID, seq=1
        ),
        "consent_id": secret("consent", 16),
        "step": step,
        "use": Use.PASS_ON,
        "packet": secret("packet"),
        "ends_ms": NOW_MS + 1 if names_fields else 0,
        "kem_key_id": kem_key(node_of(US if from_asker else MX)).id,
        "acted_by": PERSON,
        "sealed": b"sealed",
    }
    return Consent(**{**parts, **changed})
