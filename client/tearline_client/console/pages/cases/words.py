"""Words of the pages of cases, as messages."""

from collections.abc import Mapping

from tearline.cases.case import Membership, Phase
from tearline_client.console.field_names import WORDS
from tearline_client.console.languages import mark
from tearline_client.console.pages.audit.words import ACTIONS
from tearline_client.console.words import STEPS

STANDINGS: Mapping[Membership, str] = {
    Membership.INVITED: mark("Invited to the case"),
    Membership.WAITING: mark("Accepted; others have yet to consent"),
    Membership.IN: mark("In the case"),
    Membership.DECLINED: mark("Declined the invitation"),
    Membership.LEFT: mark("Left the case"),
    Membership.OUT: mark("Kept out by a member"),
    Membership.CLOSED: mark("Case closed"),
}
LEADS = mark("Leads the case")
TO_JOIN = mark("About to join")
"""Standings that a member sees of others."""
PHASES: Mapping[Phase, str] = {
    Phase.INVITED: mark("Invited to the case"),
    Phase.ADMITTED: mark("Admitted to the case"),
    Phase.OUT: mark("Kept out by a member"),
    Phase.CLOSED: mark("Case closed"),
    Phase.ACCEPTED: mark("Accepted the invitation"),
    Phase.DECLINED: mark("Declined the invitation"),
    Phase.LEFT: mark("Left the case"),
}
EVENTS: Mapping[str, str] = {
    **{code.value: words for code, words in ACTIONS.items()},
    **{kind.value: words for kind, words in STEPS.items()},
    **{phase.value: words for phase, words in PHASES.items()},
}
"""Events of a timeline, by their codes; those of a case step stand for its phase."""
VERBS: Mapping[str, str] = {"join": "joined", "decline": "left", "leave": "left", "close": "closed"}
"""Acts on a case, with the notice after each."""
WARNINGS: Mapping[str, str] = {
    "leave": mark("This agency leaves the case and cannot rejoin it. Filed packets stay filed."),
    "close": mark("No packet can be filed under the case any more, by any member."),
}
"""Effects of the acts that take the typed title."""
KINDS: Mapping[str, str] = {**WORDS, "sameName": mark("Same name; perhaps the same")}
"""Schemata and links in words; another one is shown by its name."""
