"""``packet print``: a document that says how to handle it, and that nothing on it can forge."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.cli import AUDITOR, Desk
from support.simulation import opened
from tearline.audit.event import EventCode
from tearline.errors import EXIT_NOT_FOUND, StoreFull
from tearline.packets.packet import WithholdReason
from tearline.policy.marking import HANDLING_CODES, Pap, Tlp
from tearline_client.demo.lead import ACCOUNT
from tearline_client.planning.explain import CAVEATS, INFORMATION, PAP, REASONS, SOURCE, TLP
from tearline_client.rendering.document import (
    Document,
    DocumentLine,
    DocumentPart,
    KeptBack,
    to_text,
)
from tearline_client.rendering.document_html import to_html
from tearline_client.rendering.packet_document import copy_of
from tearline_client.rendering.packets import TEAR_LINE
from tearline_client.store.access import AccessStore

OBEYED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "&lt;b&gt; </td></table>",
    "\x1b[2J\x1b]0;owned\x07",
    "\u202egnp.exe\u2066",
    f"{TEAR_LINE}\n  forged: nothing kept back",
    "Copy 1, printed by somebody else",
    "]]></style><style>*{display:none}",
)


def document(text: str) -> Document:
    """A document on which every word of a partner's is ``text``."""
    line = DocumentLine(label="Name", values=(text, "x"), note=text)
    return Document(
        banner="TLP:RED",
        title="Lead from us-justice",
        facts=(("Case", text), ("Purpose", text)),
        parts=(DocumentPart(title=f"Person: {text}", lines=(line,)),),
        kept_back=(KeptBack(category="method", count=2, reason="to protect a source"),),
        notes=(("TLP:RED", TLP[Tlp.RED]),),
        doubts=(text,),
        footer=("Packet 00", "Copy 7, printed by ana"),
    )


class Seen(HTMLParser):
    """Tags and attributes, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, tuple(attrs)))

    def handle_data(self, data) -> None:
        self.text += data


# What a partner writes stays what it is.


@given(st.sampled_from(HOSTILE) | st.text(max_size=80))
def test_no_text_makes_a_tag_or_loses_a_letter(text: str) -> None:
    plain, seen = Seen(to_html(document("x"))), Seen(to_html(document(text)))
    values = [tag for tag in plain.tags if tag == ("span", (("class", "value"),))]
    more = [tag for tag in seen.tags if tag == ("span", (("class", "value"),))]
    lines = max(1, len(text.splitlines()))
    assert len(more) == len(values) + lines - 1
    assert {*seen.tags} == {*plain.tags}
    if text.isprintable():
        assert text in seen.text


@given(st.sampled_from(HOSTILE) | st.text(max_size=80))
def test_no_character_is_obeyed_and_no_line_forged(text: str) -> None:
    printed = to_text(document(text))
    for character in printed:
        assert character == "\n" or character.isprintable() or character.isspace()
    assert not OBEYED.search(printed)
    lines = printed.splitlines()
    assert lines.count(TEAR_LINE) == 1
    assert [line for line in lines if line.startswith("Copy ")] == ["Copy 7, printed by ana"]
    assert not OBEYED.search(to_html(document(text)))


def test_nothing_is_fetched_and_nothing_runs() -> None:
    page = to_html(document("Qiu"))
    assert "default-src 'none'" in page
    tags = {tag for tag, _ in Seen(page).tags}
    assert not tags & {"script", "link", "img", "iframe", "form", "a", "object", "base", "svg"}
    assert not re.search(r"url\(|@import|https?:|//", page)


def test_every_marking_and_reason_has_its_words() -> None:
    assert TLP.keys() == {*Tlp}
    assert PAP.keys() == {*Pap}
    assert REASONS.keys() == {*WithholdReason}
    assert CAVEATS.keys() == {"H0", *HANDLING_CODES, "ORCON"}
    assert (SOURCE.keys(), INFORMATION.keys()) == ({*"ABCX"}, {*"1234"})


# The command.


def printed(desk: Desk, *arguments: object, agency: str = "us-justice") -> str:
    done = desk.run("packet", "print", desk.packet, "--no-sync", *arguments, agency=agency)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_it_says_from_whom_under_what_and_how_to_handle_it(desk: Desk) -> None:
    text = printed(desk, agency="mx-prosecutor")
    for wanted in (
        "Lead from us-justice",
        "narcotics-2026, version 1",
        "money-laundering",
        "criminal-investigation",
        SOURCE["X"],
        INFORMATION["4"],
        "Person: Qiu Wenhao",
        "裘文昊",
        ACCOUNT,
        TEAR_LINE,
        CAVEATS["H0"],
        desk.packet,
        "at mx-prosecutor",
    ):
        assert wanted in text, wanted


def test_every_copy_has_its_number(desk: Desk) -> None:
    numbers = [re.search(r"Copy (\d+)", printed(desk))[1] for _ in range(3)]
    assert numbers == ["1", "2", "3"]


def test_who_prints_is_named_inside_the_agency(desk: Desk) -> None:
    assert f"printed by {AUDITOR} at us-justice" in printed(desk, "--as", AUDITOR)


def test_the_page_goes_into_a_new_file_for_its_owner(desk: Desk, tmp_path: Path) -> None:
    target = tmp_path / "lead.html"
    assert printed(desk, "-o", "html", "--to", target) == ""
    assert target.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert target.stat().st_mode & 0o077 == 0
    again = desk.run("packet", "print", desk.packet, "--no-sync", "--to", target)
    assert again.exit_code != 0


def test_a_copy_is_an_entry_before_it_is_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    printed(desk)
    entries = desk.rows("audit", "access", "--as", AUDITOR)
    assert EventCode.ACCESS_PRINT.value in {row["action"] for row in entries}

    def full(store: AccessStore, events) -> None:
        assert [event.code for event in events] == [EventCode.ACCESS_PRINT]
        raise StoreFull

    monkeypatch.setattr(AccessStore, "append", full)
    refused = desk.run("packet", "print", desk.packet, "--no-sync")
    assert (refused.exit_code, refused.stdout) == (StoreFull.exit_status, "")


def test_what_is_not_here_is_not_printed(desk: Desk) -> None:
    refused = desk.run("packet", "print", "ff" * 16, "--no-sync")
    assert (refused.exit_code, refused.stdout) == (EXIT_NOT_FOUND, "")


async def test_what_is_kept_back_is_a_bar_below_the_tear_line(desk: Desk) -> None:
    async with opened(desk.template, desk.folder) as world:
        (packet,) = await world.us.send(world.cn)
        await world.cn.node.receive()
        text = to_text(copy_of(world.cn.node, await world.cn.node.packets.print(packet)))
    _, _, below = text.partition(TEAR_LINE)
    assert re.search(r"█+  contact\.phone: 1 field kept back: ", below)
    assert "generalised (" in text
    assert "1847250" not in text
