"""Files that an editor wrote as UTF-8 with a byte-order mark: read as if it were not there."""

import codecs
from pathlib import Path

from support.cli import Desk
from tearline_client.cli.options import FREE_TEXT
from tearline_client.config import load_settings, read_passphrase
from tearline_client.demo.lead import AGREEMENT, OWN_POLICY, lead_jsonl
from tearline_server.config import read_passphrase as read_keys_passphrase

ORDER = (
    *("--to", "mx-prosecutor", "--agreement", "narcotics-2026"),
    *("--article", "money-laundering", "--purpose", "criminal-investigation"),
)
MAPPING = """
[entities.owner]
schema = "Person"
id = ["Name"]

[entities.owner.properties]
name = "Name"
"""
REQUEST = """
to = "mx-prosecutor"
agreement = "narcotics-2026"
article = "money-laundering"
purpose = "criminal-investigation"
urgency = "routine"
offence = "Money laundering"
link = "Qiu controls the account."

[[item]]
record = "Statements of the account"
"""


def marked(path: Path, text: str, *, mode: int = 0o600) -> Path:
    path.write_bytes(codecs.BOM_UTF8 + text.encode())
    path.chmod(mode)
    return path


def test_every_file_of_a_person_may_begin_with_the_mark(desk: Desk, tmp_path: Path) -> None:
    lead = marked(tmp_path / "lead.jsonl", lead_jsonl())
    note = marked(tmp_path / "note.txt", "A note")
    cells = desk.rows("packet", "preview", lead, *ORDER, "--narrative", note)
    assert "A note" in [cell["seen_as"] for cell in cells]
    table, mapping = marked(tmp_path / "t.csv", "Name\nAna\n"), marked(tmp_path / "m.toml", MAPPING)
    for arguments in (
        ("import", "csv", table, "--mapping", mapping, "--dry-run", *ORDER),
        ("policy", "check", marked(tmp_path / "own.cedar", OWN_POLICY)),
        ("request", "new", marked(tmp_path / "r.toml", REQUEST), "--dry-run", "--as", "ana"),
    ):
        ran = desk.run(*arguments)
        assert ran.exit_code == 0, (arguments, ran.output)
    terms = marked(tmp_path / "terms.toml", AGREEMENT)
    signed, handed = tmp_path / "terms.agreement", tmp_path / "handed.agreement"
    assert desk.run("agreement", "draft", terms, "--output-file", signed).exit_code == 0
    marked(handed, signed.read_text())
    ran = desk.run("agreement", "sign", handed, agency="mx-prosecutor")
    assert ran.exit_code == 0, ran.output


def test_words_settings_and_secrets_may_begin_with_the_mark(tmp_path: Path) -> None:
    assert FREE_TEXT.convert(f"@{marked(tmp_path / 'why', 'a reason')}", None, None) == "a reason"
    marked(tmp_path / "node.toml", "timeout_s = 7\n")
    settings = load_settings({"home": str(tmp_path)}, {})
    assert settings.timeout_s == 7
    secret = marked(tmp_path / "secret", "a passphrase\n")
    given = load_settings({"passphrase_file": str(secret)}, {})
    assert read_passphrase(given, {}) == read_keys_passphrase(secret, {}) == b"a passphrase"


def test_the_mark_counts_as_text_anywhere_else(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "lead.jsonl"
    first, second, *_ = lead_jsonl().splitlines()
    path.write_bytes(f"{first}\n".encode() + codecs.BOM_UTF8 + f"{second}\n".encode())
    refused = desk.run("packet", "preview", path, *ORDER)
    assert (refused.exit_code, "line 2" in refused.stderr) == (2, True)
