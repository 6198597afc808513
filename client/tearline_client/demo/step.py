"""What a step of the story is, and what steps leave for later ones."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

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
    """What a step came to.

    Attributes:
        proved: Whether the claim holds.
        lines: What to show a person.
        evidence: What shows it, for programs: ids, codes, commands, files.
    """

    proved: bool
    lines: list[str] = field(default_factory=list)
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the story.

    Attributes:
        id: Short name.
        title: What happens.
        claim: What the step proves.
        tell: Does it.
    """

    id: str
    title: str
    claim: str
    tell: Callable[["Story"], StepResult]


class Story:
    """The world, and what earlier steps left for later ones."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.packet = ""
        self.corrected = ""  # the packet whose place it has taken
        self.lead = world.folder / "lead.jsonl"

    @property
    def order(self) -> dict[str, Any]:
        """Under what the lead is sent."""
        guarded = {f"{entity}/{name}": category for (entity, name), category in GUARDED.items()}
        return {**ORDER, "guarded": guarded}
