"""Words of the pages of agreements, as messages."""

from collections.abc import Mapping

from tearline.agreements.proposal import ProposalState
from tearline.suspensions.suspension import InFlight, Originated, Reason
from tearline_client.console.languages import mark
from tearline_client.rendering.agreements import AgreementState

STATES: Mapping[AgreementState, str] = {
    AgreementState.REPLACED: mark("Replaced by a later version"),
    AgreementState.NOT_YET: mark("Not in force yet"),
    AgreementState.EXPIRED: mark("Expired"),
    AgreementState.ENDED: mark("Ended"),
    AgreementState.SUSPENDED: mark("Suspended"),
    AgreementState.DEPARTED: mark("Suspended, as a party departed"),
    AgreementState.IN_FORCE: mark("In force"),
}
PROPOSAL_STATES: Mapping[ProposalState, str] = {
    ProposalState.PROPOSED: mark("Proposed"),
    ProposalState.COUNTERED: mark("Answered with other terms"),
    ProposalState.EXPIRED: mark("Expired"),
    ProposalState.DECLINED: mark("Declined"),
    ProposalState.SIGNED: mark("Signed by every party"),
    ProposalState.SUPERSEDED: mark("Superseded"),
    ProposalState.AGREED: mark("In force"),
}
SUSPENSION_REASONS: Mapping[Reason, str] = {
    Reason.REVIEW: mark("Review"),
    Reason.BREACH: mark("Breach of the agreement"),
    Reason.LEAK: mark("Leak"),
    Reason.LEGAL: mark("Legal ground"),
    Reason.POLITICAL: mark("Political ground"),
    Reason.SECURITY: mark("Security"),
    Reason.TECHNICAL: mark("Technical fault"),
    Reason.UNSPECIFIED: mark("No reason given"),
}
IN_FLIGHT: Mapping[InFlight, str] = {
    InFlight.HOLD: mark("Hold undelivered packets, and issue them anew on resumption"),
    InFlight.RETURN: mark("Return undelivered packets; they are not issued anew"),
}
IN_FLIGHT_AT_END: Mapping[InFlight, str] = {
    InFlight.HOLD: mark("Record undelivered packets as held; they are never issued anew"),
    InFlight.RETURN: mark("Record undelivered packets as returned; they are never issued anew"),
}
ORIGINATED: Mapping[Originated, str] = {
    Originated.KEEP: mark("Partners keep earlier packets"),
    Originated.FREEZE: mark("Partners may not open earlier packets until resumption"),
    Originated.ERASE: mark("Recall earlier packets: partners erase them, or keep them on a ground"),
}
ORIGINATED_AT_END: Mapping[Originated, str] = {
    **ORIGINATED,
    Originated.FREEZE: mark("Partners may not open earlier packets any more"),
}
CLAUSES: Mapping[str, str] = {
    "parties": mark("Parties"),
    "name": mark("Name"),
    "pins": mark("Digests of policies"),
    "retention_ms": mark("Retention at recipients"),
    "onward_use": mark("Onward use"),
    "oversight": mark("Oversight"),
    "valid_from_ms": mark("In force from"),
    "valid_until_ms": mark("In force until"),
    "authorisation_ms": mark("Longest wait for an authorisation"),
    "log_retention_ms": mark("Retention of contents in the log"),
    "reply_times.emergency": mark("Reply to an emergency"),
    "reply_times.urgent": mark("Reply to an urgent request"),
    "reply_times.routine": mark("Reply to a routine request"),
    "reply_times.preserve": mark("Reply to a preservation request"),
    "id": mark("Article"),
    "purposes": mark("Purposes"),
    "kinds": mark("Kinds of packets"),
    "crime_areas": mark("Areas of crime"),
    "directions": mark("Directions"),
    "highest_tlp": mark("Highest TLP"),
    "joint": mark("Joint: one party's suspension stops all"),
    "four_eyes": mark("A release takes a second person"),
    "both_before_open": mark("Opened only after the sender's agency cosigned the entry"),
}
"""Names of clauses of an agreement and its articles, without shares."""
VALUES: Mapping[str, str] = {
    "yes": mark("yes"),
    "no": mark("no"),
    "for ever": mark("for ever"),
}
"""Values of clauses that are words of the console, and not of the agreement."""
