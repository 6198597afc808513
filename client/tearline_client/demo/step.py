"""Steps of the story, and the state that later steps use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tearline.dataclass.immutable import immutable
from tearline_client.demo.lead import GUARDED
from tearline_client.demo.world import AGENCIES, World

US, CN, MX = AGENCIES
ORDER = {
    "to": [CN, MX],
    "agreement": "narcotics-2026",
    "article": "money-laundering",
    "purpose": "criminal-investigation",
    "reference": "harbour-2026",
    "evaluation": "B2",
}


@dataclass(slots=True, kw_only=True)
class StepResult:
    """Outcome of a step.

    Attributes:
        proved: Whether the claim holds.
        lines: Output for a person.
        evidence: Evidence for programs: ids, codes, commands, files.
    """

    proved: bool
    lines: list[str] = field(default_factory=list)
    evidence: dict[str, Any] = field(default_factory=dict)


@immutable
class Step:
    """One step of the story.

    Attributes:
        id: Short name.
        title: The action.
        claim: The property that the step proves.
        tell: Runs the step.
    """

    id: str
    title: str
    claim: str
    tell: Callable[["Story"], StepResult]


class Story:
    """The world, and the results of earlier steps."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.packet = ""
        self.corrected = ""  # the packet that it replaced
        self.lead = world.folder / "lead.jsonl"

    @property
    def order(self) -> dict[str, Any]:
        """Returns the order under which the lead is sent."""
        guarded = {f"{entity}/{name}": category for (entity, name), category in GUARDED.items()}
        return {**ORDER, "guarded": guarded}
