"""The id of an import: over all of its source, which memory does not hold twice."""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tearline.encoding import prefixed
from tearline_client.connectors.importers.report import Imported
from tearline_client.drafting import from_file
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity
from tearline_client.planning.merged_entities import MergedEntities

ABOUT = About(article="money-laundering", purpose="criminal-investigation")


class Source(MergedEntities):
    """Entities that are made as they are asked for; ``made`` counts them."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names, self.made = names, 0

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Entity]:
        for name in self.names:
            self.made += 1
            yield Entity(id=name, schema="Person", properties={"name": (name,)})


def drafted(source: Source) -> from_file.Drafted:
    agreement = SimpleNamespace(id=bytes(32))
    plan: Any = SimpleNamespace(draft=SimpleNamespace(agreement=agreement), recipients=["cn"])
    return from_file.drafted_of(Imported(entities=source, findings=()), [plan], ABOUT, {})


def test_entities_are_hashed_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    source, ahead = Source(["ana", "bo", "li"]), list[int]()

    def counted(part: bytes) -> bytes:
        ahead.append(source.made - len(ahead))  # the order is hashed first
        return prefixed(part)

    monkeypatch.setattr(from_file, "prefixed", counted)
    drafted(source)
    assert ahead == [0, 0, 0, 0]


def test_the_id_depends_on_each_entity_and_their_order() -> None:
    ids = [drafted(Source(names)).id for names in (["ana", "bo"], ["bo", "ana"], ["ana"], ["bo"])]
    assert len({*ids}) == 4
    assert drafted(Source(["ana", "bo"])).id == ids[0]
