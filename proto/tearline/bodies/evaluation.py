"""4x4 evaluation: the reliability of a source, and the confirmation of its information.

The letters and digits are those of Article 29 of Regulation (EU) 2016/794, used by Europol and its
partners. Source and information are rated separately, so every letter goes with every digit. The
evaluation is part of the signed manifest: a recipient cannot change it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from tearline.packets.packet import verify_evaluation

SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "A": "no doubt about the source, or it has always proved reliable",
        "B": "the source has mostly proved reliable",
        "C": "the source has mostly proved unreliable",
        "X": "the source cannot be assessed",
    }
)
INFORMATION: Mapping[str, str] = MappingProxyType(
    {
        "1": "the information is not in doubt",
        "2": "known to the source personally, not to the official who passes it on",
        "3": "not known to the source personally, but confirmed by what is recorded",
        "4": "not known to the source personally, and not confirmed",
    }
)


def explain_evaluation(text: str) -> str:
    """Returns an evaluation in words, for people.

    Raises:
        EvaluationInvalid: If it is not valid.
    """
    verify_evaluation(text)
    return f"{text}: {SOURCES[text[0]]}; {INFORMATION[text[1]]}"
