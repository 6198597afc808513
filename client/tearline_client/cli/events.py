"""Events of the log as rows, for every command that prints one."""

from tearline.event import Event
from tearline.federation import TrustList
from tearline_client.cli.at_work import agency_name, time_text


def event_row(event: Event, trust_list: TrustList | None) -> dict[str, object]:
    """An event as data: names where the trust list knows them, ids in hexadecimal."""

    def name(uri: str) -> str:
        return uri if trust_list is None or not uri else agency_name(trust_list, uri)

    return {
        "time": time_text(event.time_ms),
        "action": event.code.value,
        "actor": name(event.actor),
        "counterpart": name(event.counterpart),
        "party": name(event.party),
        "packet": event.packet.hex()[:12],
        "packet_id": event.packet.hex(),
        "statement": event.statement_id.hex(),
        "agreement": event.agreement_id.hex(),
        "article": event.article,
        "purpose": event.purpose,
        "pseudonym": event.pseudonym.hex(),
        "decisions": [
            {
                "compartment": decision.compartment,
                "category": decision.category,
                "form": decision.form,
                "policies": list(decision.policies),
                "slots": list(decision.slots),
            }
            for decision in event.decisions
        ],
        "outcome": event.outcome.value,
        "reason": event.reason,
        "count": event.count,
    }
