"""Names that a person mistypes: what there is, is told, and ids are known by their beginnings."""

from pathlib import Path

import pytest

from support.cli import Desk
from tearline.errors import EXIT_NOT_FOUND, EXIT_REFUSED, EXIT_USAGE
from tearline_client.demo.lead import AGREEMENT, lead_jsonl

ORDER = {
    "--to": "mx-prosecutor",
    "--agreement": "narcotics-2026",
    "--article": "money-laundering",
    "--purpose": "criminal-investigation",
}


@pytest.fixture
def lead(tmp_path: Path) -> Path:
    path = tmp_path / "lead.jsonl"
    path.write_text(lead_jsonl())
    return path


@pytest.mark.parametrize(
    ("option", "given", "told", "status"),
    [
        (
            "--agreement",
            "narcotics-2025",
            "there is no agreement 'narcotics-2025' (near: narcotics-2026); one of ",
            EXIT_REFUSED,
        ),
        (
            "--article",
            "money",
            "there is no article of narcotics-2026 'money'; one of money-laundering",
            EXIT_REFUSED,
        ),
        (
            "--purpose",
            "criminal-investigations",
            "there is no purpose that money-laundering covers 'criminal-investigations'"
            " (near: criminal-investigation); one of criminal-investigation",
            EXIT_REFUSED,
        ),
        (
            "--kind",
            "operational-notice",
            "there is no kind that money-laundering covers 'operational-notice'; one of ",
            EXIT_REFUSED,
        ),
        (
            "--to",
            "mx-prosecutr",
            "there is no agency 'mx-prosecutr' (near: mx-prosecutor); one of ",
            EXIT_NOT_FOUND,
        ),
        (
            "--guard",
            "person-qiu/notes=methd",
            "there is no category 'methd' (near: method); one of ",
            EXIT_REFUSED,
        ),
        (
            "--guard",
            "person-qiu/note=method",
            "there is no field to guard 'person-qiu/note' (near: person-qiu/notes); one of ",
            EXIT_USAGE,
        ),
    ],
)
def test_a_mistyped_name_is_told_the_ones_there_are(
    desk: Desk, lead: Path, option: str, given: str, told: str, status: int
) -> None:
    order = {**ORDER, option: given}
    line = [word for pair in order.items() for word in pair]
    refused = desk.run("packet", "preview", lead, *line)
    assert told in refused.stderr
    assert refused.exit_code == status


def test_an_article_that_is_not_there_is_not_suspended(desk: Desk) -> None:
    stop = ("agreement", "suspend", "narcotics-2026", "--article", "money", "--reason", "review")
    refused = desk.run(*stop, "--yes")
    assert "no article of narcotics-2026 'money'; one of money-laundering" in refused.stderr


@pytest.fixture
def two_of_a_kind(desk: Desk, lead: Path) -> tuple[Desk, str]:
    """A desk with packets enough that some ids begin alike; and how those begin."""
    line = [word for pair in ORDER.items() for word in pair]
    while True:
        ids = [row["id"] for row in desk.rows("packet", "list", "--no-sync")]
        begin = [each[0] for each in ids]
        if alike := [first for first in begin if begin.count(first) > 1]:
            return desk, alike[0]
        assert desk.run("packet", "send", lead, *line, "--yes").exit_code == 0


def test_none_and_several_are_two_errors(two_of_a_kind: tuple[Desk, str]) -> None:
    desk, begin = two_of_a_kind
    ids = [row["id"] for row in desk.rows("packet", "list", "--no-sync")]
    alike = [each for each in ids if each.startswith(begin)]
    for command in (("packet", "show"), ("packet", "status"), ("packet", "print")):
        several = desk.run(*command, begin)
        assert (several.exit_code, "TL-USE-007" in several.stderr) == (EXIT_USAGE, True)
        assert all(each[:12] in several.stderr for each in alike)
        for none in ("", "zz", "f" * 64):
            missing = desk.run(*command, none)
            assert missing.exit_code == EXIT_NOT_FOUND
            assert f"no packet here has an id that begins with '{none}'" in missing.stderr


def test_an_agreement_is_known_by_its_id_as_well(desk: Desk) -> None:
    whole = agreement_id(desk)
    for name in (whole, whole[:12], whole[:12].upper()):
        assert desk.run("agreement", "show", name).exit_code == 0, name


def test_a_name_of_no_agreement_and_no_proposal_is_told_the_agreements(desk: Desk) -> None:
    refused = desk.run("agreement", "show", "narcotics")
    assert refused.exit_code == EXIT_NOT_FOUND
    assert "no agreement 'narcotics' (near: narcotics-2026); one of " in refused.stderr


def test_a_request_is_sought_among_requests_alone(desk: Desk) -> None:
    for prefix in (desk.packet, desk.packet[:1]):
        refused = desk.run("request", "show", prefix)
        assert refused.exit_code == EXIT_NOT_FOUND
        assert f"no request here has an id that begins with '{prefix}'" in refused.stderr


def test_queries_take_short_ids_and_names(desk: Desk) -> None:
    whole = desk.rows("audit", "search", f"packet:{desk.packet} agreement:{agreement_id(desk)}")
    assert whole
    for query in (
        f"packet:{desk.packet[:12]} agreement:narcotics-2026",
        f"packet:{desk.packet[:12].upper()} agreement:{agreement_id(desk)[:12]}",
    ):
        found = desk.rows("audit", "search", query)
        assert [row["entry"] for row in found] == [row["entry"] for row in whole]
    assert desk.run("packet", "show", desk.packet).exit_code == 0
    (*_, last) = desk.rows("audit", "access", f"packet:{desk.packet[:12]}")
    assert last["packet_id"] == desk.packet
    unknown = desk.run("audit", "search", "action:grant-acepted")
    assert unknown.exit_code == EXIT_USAGE
    assert "no such value 'grant-acepted' (near: grant-accepted); one of " in unknown.stderr


def agreement_id(desk: Desk) -> str:
    rows = desk.rows("agreement", "list")
    return next(row["id"] for row in rows if row["agreement"] == "narcotics-2026")


def test_terms_whose_time_has_passed_are_neither_drafted_nor_signed(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "old.toml", tmp_path / "old.agreement"
    source.write_text(
        AGREEMENT.replace("2036-01-01", "2020-01-01").replace(
            "valid_from = 2026-01-01", "valid_from = 2019-01-01"
        )
    )
    draft = ("agreement", "draft", source, "--output-file", target)
    refused = desk.run(*draft)
    assert refused.exit_code == EXIT_REFUSED, refused.output
    assert "TL-AGR-023" in refused.stderr
    assert "narcotics-2026 ended on 2020-01-01" in refused.stderr
    with monkeypatch.context() as patch:  # a partner whose node asks nothing
        patch.setattr(
            "tearline_client.features.agreements.service.verify_signable", lambda *_: None
        )
        assert desk.run(*draft).exit_code == 0
    before = target.read_bytes()
    unsigned = desk.run("agreement", "sign", target, agency="mx-prosecutor")
    assert (unsigned.exit_code, "TL-AGR-023" in unsigned.stderr) == (EXIT_REFUSED, True)
    assert target.read_bytes() == before
