"""Commands that end with the next step, for a person at a terminal."""

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from support.cli import Desk
from tearline_client.cli import command
from unit.client.cli.test_case_commands import TITLE, Table

AGREEMENT = "narcotics-2026"


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tearline_client.cli.context.is_terminal", lambda: True)


@pytest.mark.parametrize(
    ("arguments", "step"),
    [
        (("keys", "rotate", "--kem"), "tearline keys list"),
        (
            ("agreement", "suspend", AGREEMENT, "--reason", "review", "--yes"),
            f"an officer lifts it: tearline --as OFFICER agreement resume {AGREEMENT}",
        ),
    ],
)
def test_an_act_names_the_next_step(desk: Desk, arguments: tuple[str, ...], step: str) -> None:
    done = desk.run(*arguments)
    assert done.exit_code == 0, done.output
    assert f"Next: {step}\n" in done.stderr


def test_an_invitation_names_both_answers(desk: Desk) -> None:
    table = Table(desk)
    table.open("--with", "cn-public-security")
    table.settle("cn-public-security")
    shown = desk.run("case", "show", TITLE, agency="cn-public-security")
    assert "Next: tearline case join" in shown.stderr
    assert "or tearline case decline" in shown.stderr
    assert "Next: tearline case join" not in desk.run("case", "show", TITLE).stderr


def test_proofs_may_have_a_new_folder_which_is_the_owners_alone(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "proofs"
    proven = desk.run("audit", "prove", desk.packet, "--output-dir", folder)
    assert f"Next: tearline audit verify {folder}\n" in proven.stderr
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert desk.run("audit", "verify", folder).exit_code == 0
    beyond = desk.run("audit", "prove", desk.packet, "--output-dir", tmp_path / "no" / "such")
    assert "TL-USE-004" in beyond.stderr


def test_a_new_agency_is_led_to_the_charter(tmp_path: Path) -> None:
    word = tmp_path / "word"
    word.write_text("a passphrase of a test")
    word.chmod(0o600)
    home = ("--home", str(tmp_path / "home"), "--passphrase-file", str(word))
    agency = ("--agency", "br-police", "--domain", "police.br.example", "--node", "liaison")
    made = CliRunner().invoke(command, [*home, "init", *agency])
    assert "br-police.agency to the founder that drafts the charter." in made.stderr
    refused = CliRunner().invoke(command, [*home, "inbox"])
    assert "no federation is pinned here yet: tearline federation join." in refused.stderr
    assert "Next: Run the command named here, create a node" in refused.stderr
