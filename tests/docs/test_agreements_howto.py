"""The page on agreements: what one agency types by itself, followed to the letter."""

from pathlib import Path

import pytest

from support.docs_pages import blocks, follow
from support.federation import serving

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/client/cli/test_agreement_commands.py::test_from_terms_to_force_and_on_to_the_next_version"
    ),
]

TERMS = """
name = "precursors-2026"
parties = ["cn-public-security", "us-justice"]
valid_from = 2026-01-01
valid_until = 2036-01-01
retention_days = 730
onward_use = "None."

[article.precursors]
purposes = ["criminal-investigation"]
kinds = ["lead"]
crime_areas = ["drug-trafficking"]
highest_tlp = "red"
directions = "all"
"""


def test_every_command_of_the_page_works(tmp_path: Path) -> None:
    with serving(tmp_path) as federation:
        agency = federation.cn
        word = tmp_path / "word"
        word.write_text("a word of her own", encoding="utf-8")
        word.chmod(0o600)
        for told in (("person", "add", "olga", "--role", "officer"), ("login", "olga")):
            agency.here(*told, "--person-passphrase-file", str(word))
        (tmp_path / "terms.toml").write_text(TERMS, encoding="utf-8")
        follow(agency, "".join(blocks("howto/agreements.md")), tmp_path)
        (row,) = [
            row
            for row in agency.here("agreement", "list", "-o", "json").rows
            if row["agreement"] == "precursors-2026"
        ]
        assert (row["state"], row["signed_by"]) == ("proposed", "cn-public-security")
