import pytest

from tearline.bodies.evaluation import INFORMATION, SOURCES, explain_evaluation
from tearline.errors import EvaluationInvalid


def test_every_source_goes_with_every_information() -> None:
    told = {explain_evaluation(f"{a}{b}") for a in SOURCES for b in INFORMATION}
    assert len(told) == 16
    assert explain_evaluation("B2").startswith("B2: the source has mostly proved reliable; known")
    assert explain_evaluation("X4").endswith("and not confirmed")


@pytest.mark.parametrize("text", ["", "A", "A5", "D1", "b2", "B2 "])
def test_what_is_no_evaluation_is_not_explained(text: str) -> None:
    with pytest.raises(EvaluationInvalid):
        explain_evaluation(text)
