"""Explanations of markings, evaluations and reasons for people.

Texts of the Traffic Light Protocol follow FIRST's version 2.0. Texts of the Permissible Actions
Protocol follow the MISP taxonomy. Texts of 4x4 evaluations and handling codes follow Europol.
"""

from collections.abc import Mapping

from tearline.packets.packet import WithholdReason
from tearline.policy.marking import Pap, Tlp

TLP: Mapping[Tlp, str] = {
    Tlp.RED: "For the eyes of the named recipient alone; no further disclosure.",
    Tlp.AMBER_STRICT: "Inside the recipient's own organisation, for those who need to know.",
    Tlp.AMBER: "Inside the recipient's organisation and to its clients, for those who need to"
    " know.",
    Tlp.GREEN: "Inside the recipient's community; not for publication.",
    Tlp.CLEAR: "No limit on disclosure.",
}
PAP: Mapping[Pap, str] = {
    Pap.RED: "Only what nobody outside can notice: search your own records.",
    Pap.AMBER: "Passive checks, also with third parties; nothing that reaches the subject.",
    Pap.GREEN: "Active steps are allowed, short of what would harm the subject's systems.",
    Pap.CLEAR: "No limit on what is done with it.",
}
CAVEATS: Mapping[str, str] = {
    "H0": "Serves only the purpose named above.",
    "H1": "Not as evidence in proceedings without the originator's permission.",
    "H2": "Not passed on without the originator's permission.",
    "H3": "Further conditions apply; the narrative states them.",
    "ORCON": "Passing any of it on takes a grant of the originator to whoever is to have it.",
}
UNSTATED = "Further conditions apply; no narrative here states them: ask the originator."
"""In the place of ``H3``, where the reader has no narrative."""
SOURCE: Mapping[str, str] = {
    "A": "no doubt of its authenticity, trustworthiness or competence",
    "B": "mostly reliable",
    "C": "mostly unreliable",
    "X": "reliability cannot be assessed",
}
INFORMATION: Mapping[str, str] = {
    "1": "accuracy not in doubt",
    "2": "known personally to the source, not to who passes it on",
    "3": "not known personally to the source, corroborated by other information",
    "4": "not known personally to the source, cannot be corroborated",
}
REASONS: Mapping[WithholdReason, str] = {
    WithholdReason.SOURCE: "to protect a source",
    WithholdReason.PRIVACY: "to protect a person's privacy",
    WithholdReason.THIRD_PARTY: "it belongs to a third party",
    WithholdReason.AGREEMENT: "the agreement does not give it",
    WithholdReason.UNSPECIFIED: "no reason is given",
}
