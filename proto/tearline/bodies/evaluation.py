"""4x4: how reliable a source is, and how far its information is confirmed.

The letters and digits are those of Article 29 of Regulation (EU) 2016/794, which Europol and
its partners use. Source and information are judged apart, so every letter goes with every
digit. The evaluation stands in the signed manifest: whoever receives it cannot change it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from tearline.packet import verify_evaluation

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
    """What an evaluation says, for people.

    Raises:
        EvaluationInvalid: If it is none.
    """
    verify_evaluation(text)
    return f"{text}: {SOURCES[text[0]]}; {INFORMATION[text[1]]}"
