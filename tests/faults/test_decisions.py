"""kill -9 of the commands by which a person decides: nothing decided is lost, nothing done twice.

A person sends, discloses, corrects, recalls and answers through a real exchange, each time in a
process that ends itself at another moment of the act. Whatever it left is done by the command
that comes next, which may be killed, too.
"""

import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from faults import soak
from faults.commands import ACT, COMMITTED, Commands, Life, commands_of
from faults.load import node_rows
from support.federation import CN, MX, ORDER, US, Federation, serving

pytestmark = [pytest.mark.faults, pytest.mark.slow]

ACTS = ("send", "answer", "recall", "disclose", "correct")
KILLS = 3  # of each act in a round
MOMENTS = 100  # an act has 50 to 110 of them; one that is to be killed later ends by itself
KILLED = -9
OFFICER = "lin"
REQUEST = f"""\
to = "{US}"
agreement = "narcotics-2026"
article = "money-laundering"
purpose = "criminal-investigation"
offence = "Money laundering"
link = "The courier was paid for it."
"""
ITEM = '[[item]]\nrecord = "Statements of account {}"\n'


@dataclass(kw_only=True)
class Officer:
    """A person who decides, again and again.

    Attributes:
        federation: The homes.
        commands: The agency's.
        chance: Draws the moments.
        lives: How each command went, by the name that its act is told by.
        packets: Those that were sent beforehand, by the name in them.
        requests: Those of the partner, oldest first.
        ids: Numbers of persons.
    """

    federation: Federation
    commands: Commands
    chance: random.Random
    lives: dict[str, Life] = field(default_factory=dict)
    packets: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=itertools.count)

    def prepare(self, number: int) -> None:
        """Sends what a round of that number discloses, corrects and recalls; is asked."""
        for partner, acts in ((MX, ["disclose"]), (CN, ["correct", "recall"])):
            names = [f"{act} {number}.{kill}" for act in acts for kill in range(KILLS)]
            send = ("packet", "send", self.file(*names), "--to", partner, *ORDER, "--yes")
            sent = self.federation.us.done_here(*send, "-o", "json").rows
            self.packets |= {n: row["packet"] for n, row in zip(names, sent, strict=True)}
        file = self.federation.folder / "request.toml"
        items = "".join(ITEM.format(item) for item in range(KILLS + 1))  # one stays open
        file.write_text(REQUEST + items)
        (asked,) = self.federation.cn.done_here(
            "request", "new", str(file), "--yes", "-o", "json"
        ).rows
        self.requests.append(asked["request"])

    def act(self, act: str, number: int, kill: int) -> None:
        """Does one thing in a process that is killed at a moment drawn from a part of the act."""
        name = f"{act} {number}.{kill}"
        width = MOMENTS // KILLS
        life = self.commands.run(
            *self.arguments(act, name, kill), kill_at=kill * width + self.chance.randrange(width)
        )
        print(name, life.ended.status, len(life.moments), life.moments[-1:], life.is_decided)
        assert life.ended.status in (0, KILLED), life
        assert life.moments[0] == ACT
        assert life.is_decided or life.ended.status == KILLED, life
        assert not life.asked_first, life
        self.lives[name] = life

    def arguments(self, act: str, name: str, kill: int) -> tuple[str, ...]:
        """The command line of an act that is told by a name."""
        match act:
            case "send":
                return ("packet", "send", self.file(name), "--to", CN, *ORDER, "--yes")
            case "answer":
                file = self.file(name)
                return (
                    "request",
                    "answer",
                    self.requests[-1],
                    file,
                    "--item",
                    str(kill + 1),
                    "--yes",
                )
            case "recall":
                return ("packet", act, self.packets[name], "--reason", "mistake", "--yes")
            case "disclose":
                return ("packet", act, self.packets[name], "Person/name", "--to", CN, "--yes")
            case _:
                return ("packet", act, self.packets[name], self.file(name, is_new=True), "--yes")

    def file(self, *names: str, is_new: bool = False) -> str:
        """A file of persons with these names."""
        path = self.federation.folder / "persons.jsonl"
        with path.open("w") as file:
            for name in names:
                told = f"New {name}" if is_new else name
                properties = {"name": [told]}
                # Of three letters: a longer one that stands in a name would be a repeated value.
                person = {"id": f"p{next(self.ids)}", "schema": "Person", "properties": properties}
                file.write(json.dumps(person) + "\n")
        return str(path)

    def decided(self, act: str) -> set[str]:
        """The names of an act that were decided, however the command ended."""
        return {n for n, life in self.lives.items() if n.startswith(act) and life.is_decided}

    def settle(self) -> None:
        """Lets everything arrive that is under way: a command of each, and its answers."""
        for agency in (self.federation.us, self.federation.cn) * 2:
            agency.done_here("node", "sync")


def test_what_a_person_decided_is_neither_lost_nor_done_twice(tmp_path: Path) -> None:
    with serving(tmp_path / "federation") as federation:
        for agency in (federation.us, federation.cn):
            secret = str(agency.secret)
            add = ("person", "add", OFFICER, "--role", "liaison")
            for words in (add, ("login", OFFICER)):
                agency.done_here(*words, "--person-passphrase-file", secret)
        with commands_of(federation.us) as commands:
            officer = Officer(federation=federation, commands=commands, chance=soak.chance())
            for number in soak.rounds("decision", lambda number: number >= 1):
                officer.prepare(number)
                for kill, act in itertools.product(range(KILLS), ACTS):
                    officer.act(act, number, kill)
            officer.settle()
        verify_done_once(officer)
        verify_recalled(officer)
        verify_answered(officer)
        verify_nothing_waits(officer)
        killed = [life for life in officer.lives.values() if life.ended.status == KILLED]
        assert len(killed) > len(officer.lives) // 2
        # A few are drawn before the decision is on the disk: such a command has stored nothing.
        assert all(life.is_decided or COMMITTED not in life.moments for life in killed)
        assert sum(life.is_decided for life in killed) > len(killed) // 2


def verify_done_once(officer: Officer) -> None:
    """The partner sees what was decided, once, and nothing else."""
    exported = officer.federation.cn.done_here("export", "ftm").out.splitlines()
    entities = [json.loads(line)["properties"] for line in exported]
    seen = Counter(name for each in entities for name in each.get("name", ()))
    wanted = officer.decided("send") | officer.decided("answer") | officer.decided("disclose")
    wanted |= {f"New {name}" for name in officer.decided("correct")}
    kept = {n for n in officer.packets if n.startswith(("recall", "correct"))}
    wanted |= kept - officer.decided("recall") - officer.decided("correct")
    assert seen == Counter(wanted)
    grants = "SELECT count(*) FROM packet_grant GROUP BY packet, incoming"
    assert {count for (count,) in node_rows(officer.federation.cn, grants)} == {1}


def verify_recalled(officer: Officer) -> None:
    """Both sides hold one recall of each packet that was decided on, which was obeyed."""
    recalls = "SELECT packet FROM recall"
    for agency in (officer.federation.us, officer.federation.cn):
        found = Counter(packet.hex() for (packet,) in node_rows(agency, recalls))
        assert found == Counter(officer.packets[name] for name in officer.decided("recall"))
    rows = officer.federation.us.done_here("packet", "recalls", "--no-sync", "-o", "json").rows
    assert {row["state"] for row in rows} == {"erased"}


def verify_answered(officer: Officer) -> None:
    """Each item whose answer was decided has one, and no other has."""
    answered: set[str] = set()
    for number, request in enumerate(officer.requests):
        items = officer.federation.cn.done_here("request", "show", request, "-o", "json").rows
        assert not any(item["earlier"] for item in items)
        answered |= {f"answer {number}.{item['item'] - 1}" for item in items if item["answer"]}
    assert answered == officer.decided("answer")


def verify_nothing_waits(officer: Officer) -> None:
    """Nothing is left to be done, or was put aside."""
    for agency in officer.federation.agencies.values():
        assert node_rows(agency, "SELECT id FROM decision") == []
        assert node_rows(agency, "SELECT DISTINCT state FROM outbox") in ([], [("accepted",)])
        assert node_rows(agency, "SELECT code, why FROM quarantine") == []
        assert node_rows(agency, "SELECT * FROM channel_ahead") == []
