"""Words of the field for pages: each code of the protocol as a message to be translated."""

from collections.abc import Mapping

from tearline.federation.decisions import VoteKind
from tearline.federation.versions import MemberStatus
from tearline.onward.consent import ConsentStep
from tearline.onward.use import Use
from tearline.packets.packet import PacketKind, Urgency, WithholdReason
from tearline.packets.recall import KeepGround, Reach, RecallReason, RecallState
from tearline.persons.tokens import Role
from tearline.policy.form import Form
from tearline.policy.marking import Pap, Tlp
from tearline.requests.progress import Phase
from tearline.requests.step import Ground, StepKind
from tearline.statements.receipt import Status
from tearline_client.audit.exhibit_verifier import DOES_NOT_SAY, RELIES_ON
from tearline_client.console.languages import mark
from tearline_client.documents.collected_text import Gap, TraceKind
from tearline_client.features.feeds.accounts import FeedRole
from tearline_client.features.worklist.service import TaskKind
from tearline_client.planning.generalised_fields import Lessening
from tearline_client.planning.text_search import Rank

GAPS: Mapping[Gap, str] = {
    Gap.IMAGE: mark("an image"),
    Gap.SCAN: mark("a page without text"),
    Gap.ENCRYPTED: mark("encrypted"),
    Gap.TOO_LARGE: mark("too large"),
    Gap.HISTORY: mark("earlier versions"),
    Gap.DAMAGED: mark("damaged"),
    Gap.UNKNOWN: mark("a part of an unknown type"),
}
TRACES: Mapping[TraceKind, str] = {
    TraceKind.AUTHOR: mark("author"),
    TraceKind.LOCATION: mark("location"),
    TraceKind.DEVICE: mark("device or program"),
    TraceKind.TIME: mark("time"),
    TraceKind.PROPERTY: mark("property"),
    TraceKind.THUMBNAIL: mark("thumbnail"),
    TraceKind.COMMENT: mark("comment"),
    TraceKind.CHANGE: mark("tracked change"),
    TraceKind.HIDDEN: mark("hidden part"),
    TraceKind.ATTACHMENT: mark("attachment"),
    TraceKind.HEADER: mark("header of a message"),
    TraceKind.HISTORY: mark("earlier versions"),
}
KINDS: Mapping[PacketKind, str] = {
    PacketKind.LEAD: mark("Lead"),
    PacketKind.VALUE_TRANSFER: mark("Value transfer"),
    PacketKind.PRECURSOR_INCIDENT: mark("Precursor incident"),
    PacketKind.PRE_EXPORT_NOTIFICATION: mark("Pre-export notification"),
    PacketKind.OPERATIONAL_NOTICE: mark("Operational notice"),
    PacketKind.RECORD_REQUEST: mark("Request for records"),
    PacketKind.RECORD_ANSWER: mark("Answer to a request"),
    PacketKind.FEEDBACK: mark("Feedback"),
}
URGENCIES: Mapping[Urgency, str] = {
    Urgency.EMERGENCY: mark("Emergency"),
    Urgency.URGENT: mark("Urgent"),
    Urgency.ROUTINE: mark("Routine"),
    Urgency.PRESERVE: mark("Preservation"),
}
ROLES: Mapping[Role, str] = {
    Role.ANALYST: mark("Analyst"),
    Role.LIAISON: mark("Liaison officer"),
    Role.AUDITOR: mark("Auditor"),
    Role.OFFICER: mark("Officer in charge"),
}
FEED_ROLES: Mapping[FeedRole, str] = {
    FeedRole.READER: mark("Reader: gets the objects of its collections"),
    FeedRole.SUBMITTER: mark("Submitter: adds objects as drafts, which wait for a person"),
}
MEMBER_STATUSES: Mapping[MemberStatus, str] = {
    MemberStatus.MEMBER: mark("Member"),
    MemberStatus.LEFT: mark("Left"),
    MemberStatus.REMOVED: mark("Removed"),
}
DECISIONS: Mapping[VoteKind, str] = {
    VoteKind.AMEND: mark("Change the constitution"),
    VoteKind.ADMIT: mark("Admit a member"),
    VoteKind.REMOVE: mark("Remove a member"),
    VoteKind.REPLACE: mark("Replace a root"),
}
RULE_WORDS: Mapping[str, str] = {
    "admit": mark("Votes to admit"),
    "remove": mark("Votes to remove"),
    "exchange": mark("Votes for another exchange or other log keys"),
    "council": mark("Votes for another council"),
    "rules": mark("Votes for other rules"),
    "cosigners": mark("Votes for other counted cosigners"),
    "min_suite": mark("Votes for another lowest suite"),
}
"""Thresholds of the council."""
PARTS: Mapping[str, str] = {
    "council": mark("Council"),
    **{f"votes: {rule}": words for rule, words in RULE_WORDS.items()},
    "cosigners": mark("Counted cosigners"),
    "quorum": mark("Counted cosigners that must cosign"),
    "exchange": mark("Exchange"),
    "exchange's key": mark("Key of the exchange"),
    "exchange's address": mark("Address of the exchange"),
    "exchange's name": mark("Name of the exchange"),
    "exchange's CA": mark("CA of the exchange"),
    "log keys": mark("Keys of the log"),
    "lowest suite": mark("Lowest suite"),
}
"""Parts of a constitution, by their words at the command line."""
STATUSES: Mapping[Status, str] = {
    Status.ACCEPTED: mark("Accepted by the exchange"),
    Status.STORED: mark("Stored by the recipient"),
    Status.OPENED: mark("Opened by a program"),
    Status.SEEN: mark("Seen by a person"),
    Status.ERASED: mark("Erased"),
    Status.REFUSED: mark("Refused"),
}
STATES: Mapping[str, str] = {
    **{status.text: words for status, words in STATUSES.items()},
    "corrected": mark("Replaced by a correction"),
    "recalled": mark("Recalled"),
}
"""States of a packet in the filter of the list, by the word in the address."""
FORMS: Mapping[Form, str] = {
    Form.WITHHELD: mark("Withheld"),
    Form.EXISTS: mark("Exists"),
    Form.MATCH: mark("Match"),
    Form.GENERALISED: mark("Generalised"),
    Form.CLEAR: mark("Clear"),
}
LESSENED: Mapping[str, str] = {
    Lessening.NONE: "",
    Lessening.UNFIT: mark("The value has no coarser form: the partner learns only that it exists."),
    Lessening.BESIDE: mark(
        "Another value is told, which this would narrow: the partner learns only that it exists."
    ),
}
WIDENED: Mapping[Rank, str] = {
    Rank.TRANSCRIBED: mark("Other spelling"),
    Rank.SHORTENED: mark("Short form"),
}
RECALLS: Mapping[RecallState, str] = {
    RecallState.OPEN: mark("Recalled, not answered yet"),
    RecallState.KEPT: mark("Recalled, and kept on a stated ground"),
    RecallState.ERASED: mark("Recalled and erased"),
}
RECALL_REASONS: Mapping[RecallReason, str] = {
    RecallReason.MISTAKE: mark("It was sent by mistake"),
    RecallReason.SOURCE_AT_RISK: mark("A source is at risk"),
    RecallReason.CORRECTED: mark("A correction replaces it"),
    RecallReason.NO_LONGER_NEEDED: mark("It is no longer needed"),
    RecallReason.ORDERED: mark("A court or an authority ordered it"),
    RecallReason.SUSPENDED: mark("The agreement is suspended"),
}
KEEP_GROUNDS: Mapping[KeepGround, str] = {
    KeepGround.LEGAL_HOLD: mark("Legal hold"),
    KeepGround.EVIDENCE: mark("Evidence in proceedings"),
    KeepGround.COURT_ORDER: mark("Order of a court"),
}
REACHES: Mapping[Reach, str] = {
    Reach.EXHIBITED: mark("shown in an exhibit"),
    Reach.EXPORTED: mark("exported to a file"),
    Reach.OPENED: mark("opened"),
    Reach.PRINTED: mark("printed"),
    Reach.SEEN: mark("seen by a person"),
}
USES: Mapping[Use, str] = {
    Use.PASS_ON: mark("Pass it on to a third party"),
    Use.EVIDENCE: mark("Use it as evidence"),
    Use.PURPOSE: mark("Use it for another purpose"),
}
CONSENT_STATES: Mapping[str, str] = {
    "asked": mark("Asked"),
    "given": mark("Given"),
    "ended": mark("Given, and ended"),
    "refused": mark("Refused"),
    "withdrawn": mark("Withdrawn"),
}
CONSENT_STEPS: Mapping[ConsentStep, str] = {
    ConsentStep.ASK: mark("Asked for the consent"),
    ConsentStep.GIVE: mark("Gave the consent"),
    ConsentStep.REFUSE: mark("Refused the consent"),
    ConsentStep.WITHDRAW: mark("Withdrew the consent"),
}
OUTBOX: Mapping[str, str] = {
    "sealed": mark("Waiting to be sent"),
    "unknown": mark("Sent, outcome not known yet"),
    "accepted": mark("Accepted by the exchange"),
    "refused": mark("Refused"),
}
REASONS: Mapping[WithholdReason, str] = {
    WithholdReason.SOURCE: mark("to protect a source"),
    WithholdReason.PRIVACY: mark("to protect a person's privacy"),
    WithholdReason.THIRD_PARTY: mark("it belongs to a third party"),
    WithholdReason.AGREEMENT: mark("the agreement does not give it"),
    WithholdReason.UNSPECIFIED: mark("no reason is given"),
}
TLP: Mapping[Tlp, str] = {
    Tlp.RED: mark("For the eyes of the named recipient alone; no further disclosure."),
    Tlp.AMBER_STRICT: mark("Inside the recipient's own organisation, for those who need to know."),
    Tlp.AMBER: mark(
        "Inside the recipient's organisation and to its clients, for those who need to know."
    ),
    Tlp.GREEN: mark("Inside the recipient's community; not for publication."),
    Tlp.CLEAR: mark("No limit on disclosure."),
}
PAP: Mapping[Pap, str] = {
    Pap.RED: mark("Only acts that no outsider can notice: search your own records."),
    Pap.AMBER: mark("Passive checks, also with third parties; no act that reaches the subject."),
    Pap.GREEN: mark("Active steps are allowed, short of harm to the subject's systems."),
    Pap.CLEAR: mark("No limit on acts."),
}
HANDLING: Mapping[str, str] = {
    "H0": mark("Serves only the stated purpose."),
    "H1": mark("Not as evidence in proceedings without the originator's permission."),
    "H2": mark("Not passed on without the originator's permission."),
    "H3": mark("Further conditions apply; the narrative states them."),
    "ORCON": mark("Passing on any of it requires a grant of the originator to the new recipient."),
}
SOURCE: Mapping[str, str] = {
    "A": mark("no doubt of its authenticity, trustworthiness or competence"),
    "B": mark("mostly reliable"),
    "C": mark("mostly unreliable"),
    "X": mark("reliability cannot be assessed"),
}
INFORMATION: Mapping[str, str] = {
    "1": mark("accuracy not in doubt"),
    "2": mark("known personally to the source, not to the agency that passes it on"),
    "3": mark("not known personally to the source, corroborated by other information"),
    "4": mark("not known personally to the source, cannot be corroborated"),
}
TASKS: Mapping[TaskKind, str] = {
    TaskKind.EVIDENCE: mark("Decide on evidence against the log"),
    TaskKind.QUESTION: mark("Answer a question about our request"),
    TaskKind.URGENCY: mark("Confirm or lower the contested urgency of our request"),
    TaskKind.REQUEST: mark("Answer a request"),
    TaskKind.RECALL: mark("Erase or keep a recalled packet"),
    TaskKind.APPROVAL: mark("Approve or reject a release"),
    TaskKind.CONSENT: mark("Give or refuse a consent"),
    TaskKind.PROPOSAL: mark("Sign, counter or decline a proposal"),
    TaskKind.DEPARTURE: mark("Sign a version of an agreement without a departed party"),
    TaskKind.INVITATION: mark("Join or decline a case"),
    TaskKind.VOTE: mark("Consent or object to a newcomer in a case"),
    TaskKind.DRAFT: mark("Import or discard objects that a program added"),
    TaskKind.QUARANTINE: mark("Inspect quarantined messages"),
    TaskKind.UNREAD: mark("Read a packet"),
}
PHASES: Mapping[Phase, str] = {
    Phase.SUBMITTED: mark("Submitted"),
    Phase.RECEIVED: mark("Delivered"),
    Phase.CLARIFY: mark("A question is open"),
    Phase.ADMITTED: mark("Admitted"),
    Phase.AWAIT_AUTHORISATION: mark("Awaits an authorisation"),
    Phase.PARTIAL: mark("Answered in part"),
    Phase.ANSWERED: mark("Answered"),
    Phase.REFUSED: mark("Refused"),
    Phase.REJECTED_FORMAL: mark("Rejected for its form"),
    Phase.WITHDRAWN: mark("Withdrawn"),
    Phase.EXPIRED: mark("Expired"),
    Phase.SUPPLEMENTED: mark("Supplemented"),
    Phase.CLOSED: mark("Closed"),
}
STEPS: Mapping[StepKind, str] = {
    StepKind.ADMIT: mark("Confirmed that the request is in order"),
    StepKind.REJECT: mark("Rejected the request for its form"),
    StepKind.CLARIFY: mark("Asked a question"),
    StepKind.CLARIFIED: mark("Answered the question"),
    StepKind.PERMIT: mark("Allowed another question"),
    StepKind.AUTHORISE: mark("Announced that an authorisation is needed"),
    StepKind.CONTEST: mark("Contested the urgency"),
    StepKind.CONFIRM: mark("Confirmed the urgency"),
    StepKind.LOWER: mark("Lowered the urgency"),
    StepKind.PARTIAL: mark("Decided some items"),
    StepKind.ANSWER: mark("Decided the last items"),
    StepKind.REFUSE: mark("Refused all items"),
    StepKind.SUPPLEMENT: mark("Supplemented the answer"),
    StepKind.EXTEND: mark("Extended the preservation"),
    StepKind.WITHDRAW: mark("Withdrew the request"),
    StepKind.EXPIRE: mark("The request expired"),
    StepKind.DISPUTE: mark("Disputed a time of the log"),
    StepKind.CLOSE: mark("Closed the request with feedback"),
}
GROUNDS: Mapping[Ground, str] = {
    Ground.NEITHER: mark("Neither confirmed nor denied"),
    Ground.SOURCE_PROTECTION: mark("Protection of a source"),
    Ground.ONGOING_INVESTIGATION: mark("Ongoing investigation"),
    Ground.NE_BIS_IN_IDEM: mark("Tried already (ne bis in idem)"),
    Ground.ESSENTIAL_INTERESTS: mark("Essential interests of the state"),
    Ground.NOT_HELD: mark("Not held"),
    Ground.DISPROPORTIONATE: mark("Disproportionate"),
    Ground.LEGAL_BAR: mark("Legal bar"),
    Ground.POLITICAL_OFFENCE: mark("Political offence"),
    Ground.FORM: mark("Defect of form"),
}
GROUNDS_EXPLAINED: Mapping[Ground, str] = {
    Ground.NEITHER: mark(
        "Says nothing about whether such a record exists. It takes no text. Use it for a kind of"
        " record always, or it tells something after all."
    ),
    Ground.SOURCE_PROTECTION: mark("The answer would expose a source or a method."),
    Ground.ONGOING_INVESTIGATION: mark("The answer would harm an investigation that is under way."),
    Ground.NE_BIS_IN_IDEM: mark("The person was finally judged for the same act."),
    Ground.ESSENTIAL_INTERESTS: mark(
        "The answer would harm sovereignty, security or public order."
    ),
    Ground.NOT_HELD: mark("No such record is held here."),
    Ground.DISPROPORTIONATE: mark("The burden, or the intrusion, exceeds the offence."),
    Ground.LEGAL_BAR: mark("A law forbids to give this record, or a permission was refused."),
    Ground.POLITICAL_OFFENCE: mark("The request is about an offence of a political nature."),
    Ground.FORM: mark("The item lacks something that it needs to be answered."),
}
EXHIBIT_LIMITS: Mapping[str, str] = dict(
    zip(
        DOES_NOT_SAY,
        (
            mark("that the values are true: it says who signed them, with which evaluation"),
            mark("whether there are other fields, or what they hold"),
            mark("who made this file, or whether they were allowed to show it"),
            mark("whether the packet was corrected, recalled or given to others since"),
            mark("which of these fields those named in receipts could open"),
            mark(
                "what time it was: an entry bears the exchange's clock, and its place in the log's"
                " order"
            ),
            mark(
                "that the signer's key had not ended, or that no later amendment replaces the"
                " log's keys: the file brings only what its maker put in; the log took the packet"
                " all the same"
            ),
            mark(
                "that all were shown the same log, unless the reader's policy asks for cosignatures"
            ),
            mark(
                "that all were shown the same log, if more of the policy's cosigners are dishonest"
                " than it tolerates: one that was shown to few could lack the end of the key"
            ),
        ),
        strict=True,
    )
)
"""Limits of verified exhibits, as messages; a test compares them with their source."""
EXHIBIT_GROUNDS: Mapping[str, str] = dict(
    zip(
        RELIES_ON,
        (
            mark(
                "the federation id that the reader named or pinned: the founders that it names,"
                " and the council after them, certify the signer's key; neither the exchange nor a"
                " cosigner could certify another"
            ),
            mark("the log's keys, which the same statements certify, for the entry and its time"),
            mark(
                "the policy that the reader named, or its node has: its log and as many cosigners"
                " as it requires certify the signer's key; all of these together could certify"
                " another, but not the log alone"
            ),
            mark(
                "the same signatures for all that the log held before its directory: a key that"
                " had ended before is refused"
            ),
            mark("the signer for the federation's id, if the reader did not name it"),
        ),
        strict=True,
    )
)
"""Grounds of verified exhibits, as messages; a test compares them with their source."""
