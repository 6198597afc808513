"""Whatever a partner wrote, in whichever field, no command shows it so that a terminal obeys it."""

import asyncio
import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from support.cases import each_case
from support.cli import AUDITOR, Desk, Rested, copy_of
from support.hostile_values import ALL_AT_ONCE, SHORT, obeyed
from support.node import stores_of
from support.simulation import ARTICLE, EVERYTHING, PURPOSE, Simulation, opened
from tearline.bodies.registry import KINDS
from tearline.errors import EXIT_INTEGRITY, EXIT_NOT_FOUND, EXIT_REFUSED
from tearline.packets.packet import Field, PacketKind
from tearline.policy.category import CATEGORIES
from tearline_client import About
from tearline_client.planning.entities import Entity, connected_groups
from tearline_client.store.outbox import OutboxState

US, MX = "us-justice", "mx-prosecutor"
NAME = "partners"
WRITTEN = "".join(map("\\U{:08x}".format, map(ord, ALL_AT_ONCE)))
"""As a file of TOML writes it."""
REQUEST = f"""
to = "{US}"
agreement = "{NAME}"
article = "{ARTICLE}"
purpose = "{PURPOSE}"
urgency = "emergency"
urgency_reason = "{WRITTEN}"
offence = "{WRITTEN}"
link = "{WRITTEN}"
subjects = "subjects.jsonl"

[[item]]
record = "{WRITTEN}"
about = ["account-1"]
"""
SUBJECT = """{"id": "account-1", "schema": "BankAccount", "properties": {"accountNumber": ["1"]}}
"""
SHARED = "\n".join(f'"{each.name}" = "clear"' for each in CATEGORIES if each.name != "unmarked")
TERMS = f"""
name = "{NAME}"
parties = ["{US}", "{MX}"]
valid_from = 2026-01-01
valid_until = 2036-01-01
retention_days = 730
onward_use = "{WRITTEN}"

[article.{ARTICLE}]
purposes = ["{PURPOSE}"]
kinds = [{", ".join(f'"{kind.value}"' for kind in PacketKind)}]
crime_areas = ["money-laundering"]
highest_tlp = "red"
directions = "all"

[article.{ARTICLE}.share.{US}]
{SHARED}
"""
SENT = tuple(kind for kind in PacketKind if kind is not PacketKind.RECORD_ANSWER)
"""Each kind that begins something; an answer belongs to its request."""
FORMS = ("table", "json", "csv")


def examples(kind: PacketKind) -> list[Entity]:
    """The example of a kind's rules, or of a lead's, as entities."""
    rules = KINDS.get(kind) or KINDS[PacketKind.LEAD]
    return [
        Entity(
            id=each["id"],
            schema=each["schema"],
            properties={name: tuple(values) for name, values in each["properties"].items()},
        )
        for each in map(json.loads, rules.example.splitlines())
    ]


def poisoned(field: Field, name: str) -> Field:
    """The field with every trick in its one value, or of an id with ``name``.

    Bytes that are no UTF-8 are no field at all.
    """
    words = name if field.path.endswith("/id") else ALL_AT_ONCE
    return replace(field, values=(words.encode(),))


async def send(world: Simulation, kind: PacketKind, *, name: str = SHORT) -> None:
    """Has a patched node send a packet of a kind, past every rule of its own."""
    mx, us = world.mx.node, world.us.node
    (group, *_) = connected_groups(examples(kind))
    about = About(article=ARTICLE, purpose=PURPOSE, kind=kind)
    plan = mx.packets.plan(mx.packets.draft(group, about, agreement=NAME), [us.uri])
    world.mx.seal(
        replace(
            plan,
            draft=replace(plan.draft, case_id=ALL_AT_ONCE),
            fields=tuple(poisoned(field, name) for field in plan.fields),
            decisions=dict.fromkeys(plan.decisions, EVERYTHING),
        )
    )
    await mx.sync()
    await us.receive()


@dataclass(kw_only=True)
class Table:
    """What a partner filled, at the desk of whoever reads it.

    Attributes:
        desk: Its command line.
        packets: A packet of each kind, in hexadecimal.
    """

    desk: Desk
    packets: tuple[str, ...]

    @functools.cached_property
    def ids(self) -> dict[str, str]:
        """The newest of what else came, by what it is."""
        rows = {noun: self.desk.rows(noun, "list") for noun in ("consent", "request", "agreement")}
        (proposal,) = (row for row in rows["agreement"] if row["agreement"] == "proposed")
        return {
            "consent": rows["consent"][0]["consent"],
            "request": rows["request"][0]["request"],
            "proposal": proposal["id"],
        }


@pytest.fixture(scope="module")
def table(rested: Rested, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    """The desk of an agency to which a partner has sent the worst of everything."""
    with pytest.MonkeyPatch.context() as patch:
        desk = copy_of(rested, tmp_path_factory.mktemp("hostile"), patch)
        packets = asyncio.run(fill(desk))
        for agency, person in ((US, "lin"), (MX, "mar")):
            for arguments in (
                ("person", "add", person, "--role", "liaison", "--role", "officer"),
                ("login", person),
            ):
                word = desk.folder / "word"
                ran = desk.run(*arguments, "--person-passphrase-file", word, agency=agency)
                assert ran.exit_code == 0, ran.output
        act(desk)
        patch.setenv("TEARLINE_PERSON", AUDITOR)  # of the two who are logged in, she reads
        assert desk.run("node", "sync").exit_code == 0
        yield Table(desk=desk, packets=packets)


async def fill(desk: Desk) -> tuple[str, ...]:
    """Has a patched partner publish an agreement, and send a packet of each kind under it."""
    async with opened(desk.template, desk.folder) as world:
        mx, us = world.mx.node, world.us.node
        await mx.agreements.publish(us.agreements.sign(mx.agreements.draft(TERMS)))
        for node in (us, mx):
            await node.receive()
        for kind in SENT:
            await send(world, kind)
        assert mx.status().outbox.keys() == {OutboxState.ACCEPTED}
        packets = stores_of(us).packets
        ids = [
            i
            for i in packets.ids()
            if packets.manifest(i).agreement.id == us.agreements.by_name(NAME).id
        ]
        assert {packets.manifest(i).kind for i in ids} == {*SENT}
        return tuple(packet.hex() for packet in ids)


def act(desk: Desk) -> None:
    """Has a person at the partner write into every text that one may write."""
    folder = desk.folder
    (folder / "request.toml").write_text(REQUEST)
    (folder / "subjects.jsonl").write_text(SUBJECT)
    (folder / "terms.toml").write_text(TERMS.replace(NAME, "proposed"))
    by = ("--as", "mar")
    opening = ("case", "open", SHORT, "--agreement", NAME, "--with", US)
    asking = ("consent", "ask", desk.packet, "Person/name", "--use", "evidence", "--for", SHORT)
    for arguments in (
        (*opening, "--summary", ALL_AT_ONCE, *by),
        ("request", "new", "--yes", folder / "request.toml", *by),
        (*asking, "--note", ALL_AT_ONCE, *by),
        ("agreement", "propose", folder / "terms.toml", "--yes", *by),
    ):
        ran = desk.run(*arguments, agency=MX)
        assert ran.exit_code == 0, ran.output


OF_A_PACKET = (
    ("packet", "show", "{}"),
    ("packet", "print", "{}"),
    ("packet", "print", "{}", "-o", "html"),
    ("export", "ftm", "{}"),
    ("packet", "status", "{}"),
)
TELL = (
    ("packet", "list"),
    ("packet", "search", "owned"),
    ("case", "list"),
    ("case", "show", SHORT),
    ("consent", "list"),
    ("consent", "show", "{consent}"),
    ("agreement", "show", NAME),
    ("request", "show", "{request}", "--as", "lin"),
    ("export", "ftm"),
)
"""Commands that tell a partner's words."""
PASS_BY = (
    ("case", "timeline", SHORT),
    ("request", "list"),
    ("request", "show", "{request}", "--steps", "--as", "lin"),
    ("agreement", "list"),
    ("agreement", "diff", "{proposal}"),
    ("packet", "recalls"),
    ("policy", "matrix", "--agreement", NAME, "--article", ARTICLE),
    ("transfer", "match", "--inbox"),
    ("audit", "access", "--as", "lin"),
    ("audit", "checkpoint", "--note"),
    ("log", "cosigners"),
    ("log", "checkpoint"),
    ("keys", "list"),
    ("federation", "show"),
    ("node", "status"),
)
"""Commands that name what a partner did, and might tell its words."""


def shown(table: Table, arguments: tuple[str, ...], form: str = "table") -> str:
    """All that a command of the reader prints, of what is there."""
    place = () if "-o" in arguments else ("-o", form)
    ran = table.desk.run(*place, *(word.format(**table.ids) for word in arguments))
    assert ran.exit_code in (0, EXIT_REFUSED, EXIT_NOT_FOUND), ran.output
    return ran.output


@pytest.mark.parametrize("arguments", OF_A_PACKET, ids=" ".join)
def test_no_packet_is_obeyed(table: Table, arguments: tuple[str, ...]) -> None:
    asked = [(packet, FORMS[0]) for packet in table.packets]
    asked += [(table.packets[0], form) for form in FORMS[1:] if "-o" not in arguments]
    for packet, form in asked:
        text = shown(table, tuple(word.format(packet) for word in arguments), form)
        assert obeyed(text) == []
        assert r"\u001b" in text or "status" in arguments


async def send_nonsense(desk: Desk) -> str:
    """Has the partner send a packet that makes no entities; its id, in hexadecimal."""
    async with opened(desk.template, desk.folder) as world:
        mx, us = world.mx.node, world.us.node
        await mx.agreements.publish(us.agreements.sign(mx.agreements.draft(TERMS)))
        for node in (us, mx):
            await node.receive()
        await send(world, PacketKind.LEAD, name=ALL_AT_ONCE)
        return stores_of(us).packets.ids()[0].hex()


def test_a_source_that_makes_no_entities_takes_no_other_with_it(desk: Desk) -> None:
    nonsense = asyncio.run(send_nonsense(desk))
    own = desk.run("export", "ftm", desk.packet)
    ran = desk.run("export", "ftm")
    assert (ran.exit_code, ran.stdout) == (0, own.stdout)
    assert own.stdout
    told = [line for line in ran.stderr.splitlines() if line.startswith("Left out packet ")]
    assert [line.split()[3].rstrip(":") for line in told] == [nonsense[:12]]
    # Asked for by name, it is not left out in silence.
    assert desk.run("export", "ftm", nonsense).exit_code == EXIT_INTEGRITY


@each_case("arguments", TELL + PASS_BY)
def test_no_word_of_a_partner_is_obeyed(table: Table, arguments: tuple[str, ...]) -> None:
    for form in FORMS if arguments in TELL else FORMS[:1]:
        text = shown(table, arguments, form)
        assert obeyed(text) == []
        assert r"\u001b" in text or arguments in PASS_BY
