"""``packet search``: the lead is found however it is spelt, and only where it is asked for."""

import gc
import weakref
from dataclasses import fields

import pytest

import tearline_client.context
import tearline_client.features.search.search
from support.cli import Desk
from support.simulation import opened
from tearline.errors import EXIT_INTEGRITY, EXIT_NOT_FOUND
from tearline.limits import MAX_LISTED_NAMES
from tearline_client.demo.lead import ACCOUNT
from tearline_client.messages.packet_view import PacketView, open_view
from tearline_client.store.index_queue import IndexQueue


def found(desk: Desk, *arguments: str, agency: str = "us-justice") -> list[dict]:
    return desk.rows("packet", "search", *arguments, agency=agency)


@pytest.mark.parametrize("text", ["qiu WENHAO", "Wenhao Qiu", "裘文昊", "Qiú Wénhào"])
def test_a_person_is_found_in_any_script_and_order(desk: Desk, text: str) -> None:
    (row,) = (row for row in found(desk, text) if row["field"].endswith("Person/name"))
    assert (row["id"], row["from"], row["kind"]) == (desk.packet, "us", "lead")


def test_an_account_is_found_however_it_is_spaced(desk: Desk) -> None:
    spaced = " ".join(ACCOUNT[start : start + 4] for start in range(0, len(ACCOUNT), 4))
    (row,) = found(desk, spaced)
    assert (row["value"], row["fits"]) == (ACCOUNT, "alike")
    assert found(desk, ACCOUNT)[0]["fits"] == "exact"


@pytest.mark.parametrize(
    ("text", "fits", "by"),
    [
        ("Ch'iu Wen-hao", "transcribed", "Wade-Giles: qiu wen hao"),
        ("W. H. Qiu", "shortened", "initials"),
    ],
)
def test_a_widened_search_says_to_what(desk: Desk, text: str, fits: str, by: str) -> None:
    (row,) = found(desk, text)
    assert (row["id"], row["fits"], row["widened_by"]) == (desk.packet, fits, by)
    said = desk.run("packet", "search", text).stderr
    assert f"Widened the search by {by} (1 row)." in said
    narrow = desk.run("packet", "search", text, "--no-widen", "-o", "jsonl")
    assert (narrow.exit_code, narrow.stdout) == (0, "")


def test_a_search_beside_a_damaged_packet_names_it_and_ends_with_its_own_status(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = [bytes([number]) * 32 for number in range(MAX_LISTED_NAMES + 2)]
    for number, shown in (
        (1, f"1 damaged packet cannot be searched: {'00' * 6}. Next: restore the last backup"),
        (len(damaged), f"{'09' * 6} and 2 more. Next:"),
    ):
        monkeypatch.setattr(IndexQueue, "unreadable", lambda _, number=number: damaged[:number])
        ran = desk.run("packet", "search", "Wenhao Qiu", "-o", "jsonl")
        assert (ran.exit_code, shown in ran.stderr) == (EXIT_INTEGRITY, True)
        assert "Wenhao" in ran.stdout


def test_a_search_that_was_not_widened_says_no_more(desk: Desk) -> None:
    assert "Widened" not in desk.run("packet", "search", "Wenhao Qiu").stderr


def test_an_index_of_hashes_finds_no_other_spelling(desk: Desk) -> None:
    assert desk.run("audit", "who-saw", "裘文昊").exit_code == 0
    other = desk.run("audit", "who-saw", "Ch'iu Wen-hao")
    assert other.exit_code == EXIT_NOT_FOUND


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        (("--mine",), True),
        (("--theirs",), False),
        (("--kind", "lead"), True),
        (("--kind", "lead", "--kind", "feedback"), True),
        (("--kind", "feedback"), False),
        (("--from", "us-justice"), True),
        (("--from", "mx-prosecutor"), False),
        (("--since", "2020-01-01"), True),
        (("--since", "2999-01-01"), False),
        (("--until", "2999-01-01"), True),
        (("--until", "2020-01-01"), False),
    ],
)
def test_it_looks_only_where_it_is_asked_to(
    desk: Desk, narrowed: tuple[str, ...], expected: bool
) -> None:
    assert bool(found(desk, ACCOUNT, *narrowed)) is expected


def test_a_case_that_is_not_there_is_no_empty_answer(desk: Desk) -> None:
    refused = desk.run("packet", "search", ACCOUNT, "--case", "none-such")
    assert (refused.exit_code, "no case 'none-such'" in refused.stderr) == (EXIT_NOT_FOUND, True)


def test_a_partner_finds_only_what_is_open_to_it(desk: Desk) -> None:
    assert found(desk, ACCOUNT, "--from", "us-justice", agency="mx-prosecutor")
    assert found(desk, ACCOUNT, agency="cn-public-security") == []


async def test_one_packet_is_open_in_memory_at_a_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    views: list[weakref.ref[PacketView]] = []
    alive: list[int] = []

    class Held(PacketView):
        """A view that can be watched."""

    def watched(*arguments, **named) -> PacketView:
        gc.collect()
        alive.append(sum(ref() is not None for ref in views))
        view = open_view(*arguments, **named)
        held = Held(**{field.name: getattr(view, field.name) for field in fields(view)})
        views.append(weakref.ref(held))
        return held

    monkeypatch.setattr(tearline_client.context, "open_view", watched)
    async with opened(desk.template, desk.folder) as world:
        await world.us.send(world.mx, times=4)
        await world.us.node.packets.search("none such")  # brings the index up to date
        assert len(views) == 5
        views.clear()
        assert len(await world.us.node.packets.search("Qiu")) == 5
    assert len(views) == 5
    assert max(alive) == 0


async def test_the_newest_goes_before_and_the_best_before_all(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(desk.template, desk.folder) as world:
        newer = await world.us.send(world.mx, times=2)
        ids = list(await world.us.node.packets.search("Qiu Wenhao"))
        assert set(ids[:2]) == set(newer)
        assert ids[2].hex() == desk.packet
        monkeypatch.setattr(tearline_client.features.search.search, "MAX_FOUND", 2)
        assert list(await world.us.node.packets.search("Qiu Wenhao")) == ids[:2]
