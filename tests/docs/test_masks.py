"""How identifying each mask is, as the guide says: measured on a public list."""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable

import pytest

from support.paths import ROOT, shared
from tearline.policy.masks import MASKS, generalise
from tearline.policy.profile import property_category
from tearline_client.connectors.importers.ofac import read_ofac
from tearline_client.planning.entities import Entity

PAGE = ROOT / "docs" / "howto" / "agreements.md"


def coarse(entity: Entity, name: str) -> tuple[str, ...] | None:
    form = generalise(f"t/{entity.schema}/{name}", entity.properties.get(name, ()))
    return form and form.values


def unique(values: Iterable[Hashable]) -> str:
    counts = Counter(values)
    return f"{100 * sum(n == 1 for n in counts.values()) / counts.total():.0f}"


@pytest.fixture(scope="module")
def entities() -> tuple[Entity, ...]:
    return read_ofac(shared("data/ofac_sdn_drugs_tco_2024-05-03.csv")).entities


def measured(entities: Iterable[Entity]) -> list[str]:
    """The rows of the table."""
    fields = defaultdict(list)
    for entity in entities:
        for name, values in entity.properties.items():
            category = property_category(entity.schema, name)
            if category in MASKS:
                fields[category].append((name, values, coarse(entity, name)))
    rows = []
    for category, found in sorted(fields.items()):
        masked = [(name, values, form) for name, values, form in found if form]
        clear = unique((name, values) for name, values, _ in masked)
        told = unique((name, form) for name, _, form in masked)
        rows.append(f"| `{category}` | {len(found)} | {len(masked)} | {clear} % | {told} % |")
    return rows


def test_the_table_says_how_identifying_each_mask_is(entities: tuple[Entity, ...]) -> None:
    section = (
        PAGE.read_text(encoding="utf-8").partition("## How identifying")[2].partition("\n## ")[0]
    )
    told = [line for line in section.splitlines() if line.startswith("| `")]
    assert told == measured(entities)


def test_name_and_birth_together_tell_nearly_everybody_apart(
    entities: tuple[Entity, ...],
) -> None:
    people = [entity for entity in entities if entity.schema == "Person"]
    share = unique((coarse(each, "name"), coarse(each, "birthDate")) for each in people)
    (told,) = re.findall(r"Of the persons on it, (\d+) %", PAGE.read_text(encoding="utf-8"))
    assert told == share
