"""Nothing leaks: every field, path, name and file name of a packet is sought everywhere.

The federation of the demo, with its real processes, sends a packet in which everything is a
canary. With encryption off, in a control run, the very same search finds every one of them.
"""

import json
import os
import string
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from attacks.mutant import INJECT, VARIABLE
from support.canary import canary, everything_in, found, processes
from tearline_client.demo.step import ORDER, Story
from tearline_client.demo.story import agreement, federation
from tearline_client.demo.world import AGENCIES, World

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
    pytest.mark.thorough(
        twin="tests/attacks/test_canaries.py::test_nothing_reaches_a_house_that_was_not_granted"
    ),
]

US, CN, MX = AGENCIES
ENCRYPTION_OFF = (
    "tearline.sealing.slots:seal_slots="
    "({i: slot_commit(packet_id, i, b'', field, b'') for i, (_, field) in fields.items()},"
    " {i: field_plaintext(field) for i, (_, field) in fields.items()})"
)


class Lead:
    """A lead in which everything is a canary."""

    def __init__(self) -> None:
        self.canaries: list[str] = []
        self.narrative = self._new()
        person, company, account = self._new(), self._new(), self._new()
        self.unknown = self._new(string.ascii_letters)
        self.file_name = self._new()
        self.guarded = {f"{person}/notes": "method", f"{company}/notes": "identity.source"}
        self.entities: list[dict[str, Any]] = [
            self._entity(person, "Person", "name", "alias", "notes", "phone", self.unknown),
            self._entity(company, "Company", "name", "registrationNumber", "notes"),
            self._entity(account, "BankAccount", "iban", "bankName"),
            self._entity(self._new(), "Ownership", "role", owner=person, asset=company),
            self._entity(
                self._new(),
                "Payment",
                "purpose",
                payer=company,
                beneficiary=person,
                beneficiaryAccount=account,
                amount=self._new(string.digits),
            ),
            self._entity(self._new(), "Document", fileName=f"{self.file_name}.pdf"),
        ]

    def _new(self, alphabet: str = string.ascii_letters + string.digits) -> str:
        self.canaries.append(canary(alphabet))
        return self.canaries[-1]

    def _entity(self, entity: str, schema: str, *names: str, **given: str) -> dict[str, Any]:
        properties = {name: [self._new()] for name in names}
        properties |= {name: [value] for name, value in given.items()}
        return {"id": entity, "schema": schema, "properties": properties}

    @property
    def order(self) -> dict[str, Any]:
        return {**ORDER, "guarded": self.guarded, "unmarked": True}

    def write(self, folder: Path) -> str:
        path = folder / f"{self.file_name}.jsonl"
        path.write_text("".join(json.dumps(each) + "\n" for each in self.entities))
        return str(path)


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a run left behind.

    Attributes:
        lead: What was sent.
        allowed: By agency, the canaries that the preview says it will see.
        seen: By agency, the canaries in what it was shown.
        places: By name, where canaries must not be.
    """

    lead: Lead
    allowed: dict[str, set[str]]
    seen: dict[str, set[str]]
    places: dict[str, set[str]]


def run(folder: Path, house: Path, capfd: pytest.CaptureFixture[str], *, opens: bool = True) -> Run:
    """Founds a federation, sends the lead, and searches while all of it still runs.

    Args:
        folder: Where the processes of the federation have their files.
        house: Where the sender's officer keeps the source: nobody else's business.
        capfd: What the processes print.
        opens: Whether partners can open what they get.
    """
    lead, world = Lead(), World.create(folder)
    us, partners = world.agencies[US], {name: world.agencies[name] for name in (CN, MX)}
    try:
        story = Story(world)
        assert federation(story).proved
        assert agreement(story).proved
        source = lead.write(house)
        cells = us.ask("preview", source=source, order=lead.order, narrative=lead.narrative)
        sent = us.ask("send", source=source, order=lead.order, narrative=lead.narrative)
        assert not sent["refused"]
        errors = [
            us.ask("overstep", source=source, order=lead.order),
            partners[CN].refused("view", packet="0" * 64),
            partners[CN].refused("disclose", packet=sent["packets"][0], field="name", to=MX),
        ]
        shown = {}
        for name, agency in partners.items():
            agency.ask("receive")
            packets = sent["packets"] if opens else ()
            views = [agency.ask("view", packet=packet) for packet in packets]
            shown[name] = json.dumps(views)
            errors += agency.ask("put_aside")
        us.ask("receive")
        printed = capfd.readouterr()
        search = {
            "the exchange's files": everything_in(world.exchange.home),
            "its log": iter([(folder / "exchange.log").read_bytes()]),
            "processes": processes(os.getpid()),
            "errors": (str(error).encode() for error in errors),
            "what was printed": iter([printed.out.encode(), printed.err.encode()]),
            **{f"the home of {name}": everything_in(folder / name) for name in AGENCIES},
        }
        places = {name: found(lead.canaries, place) for name, place in search.items()}
    finally:
        world.stop()
    places["the exchange's files at rest"] = found(
        lead.canaries, everything_in(world.exchange.home)
    )
    return Run(
        lead=lead,
        allowed={name: found(lead.canaries, _allowed(cells, name)) for name in partners},
        seen={name: found(lead.canaries, [text.encode()]) for name, text in shown.items()},
        places=places,
    )


def _allowed(cells: list[dict[str, Any]], name: str) -> Iterator[bytes]:
    partner = f"spiffe://{AGENCIES[name]}/node/liaison"
    for cell in cells:
        if cell["partner"] == partner and cell["values"]:
            yield json.dumps([cell["path"], cell["values"]]).encode()


def test_no_canary_is_anywhere_but_before_whom_it_was_meant_for(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, capfd: pytest.CaptureFixture[str]
) -> None:
    ended = run(tmp_path, tmp_path_factory.mktemp("house"), capfd)
    assert {name: seen for name, seen in ended.places.items() if seen} == {}
    assert ended.seen == ended.allowed
    assert set() < ended.allowed[CN] < ended.allowed[MX] < set(ended.lead.canaries)


def test_without_encryption_every_canary_is_found(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, ENCRYPTION_OFF)
    monkeypatch.setenv("PYTHONPATH", str(INJECT))
    ended = run(tmp_path, tmp_path_factory.mktemp("house"), capfd, opens=False)
    assert ended.places["the exchange's files"] == set(ended.lead.canaries)
    assert ended.places["the exchange's files at rest"] == set(ended.lead.canaries)
