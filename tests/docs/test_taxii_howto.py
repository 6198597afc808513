"""The page on TAXII, followed to the letter: by an agency, its node, and programs of others."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.docs_pages import blocks, follow, program
from support.federation import MX, ORDER, Agency, free_port, serving
from support.paths import ROOT
from support.syslog_receivers import certified
from unit.client.taxii.test_additions import person

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/client/taxii/test_objects.py::test_discovery_leads_to_the_collections_of_the_account"
    ),
]

PAGE = (ROOT / "docs" / "howto" / "taxii.md").read_text("utf-8")
HOST = "tearline.agency.example:8480"
FOREIGN = "https://taxii.example/api/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/"


def settings(port: int, certificate: Path, key: Path) -> str:
    """The settings of the page, with the port and the files of this test."""
    (told,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.M | re.S)
    for written, here in (
        ("0.0.0.0:8480", f"127.0.0.1:{port}"),
        ("/etc/tearline/taxii.pem", str(certificate)),
        ("/etc/tearline/taxii.key", str(key)),
    ):
        assert told.count(f'"{written}"') == 1
        told = told.replace(written, here)
    return told


def ask(path: Path, environment: Mapping[str, str]) -> str:
    """Runs the program of a foreign client; returns its output."""
    done = subprocess.run(
        [sys.executable, path],
        cwd=path.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def token_of(agency: Agency, block: str, name: str, folder: Path) -> str:
    """Follows the block that adds an account, and keeps its token in a file."""
    (token,) = re.findall(rf"\b{name}\.\S+", follow(agency, block, folder).stdout)
    file = folder / f"{name}.token"
    file.write_text(f"{token}\n", encoding="utf-8")
    file.chmod(0o600)
    return token


def test_every_command_of_the_page_works(tmp_path: Path) -> None:
    certificate, key = certified(tmp_path)
    account, submitter, drafts, foreign = blocks("howto/taxii.md")
    port, environment = free_port(), {"REQUESTS_CA_BUNDLE": str(certificate)}
    with serving(tmp_path) as federation:
        us = federation.us
        us.done_here("packet", "send", "--yes", str(federation.lead()), f"--to={MX}", *ORDER)
        (us.home / "node.toml").write_text(settings(port, certificate, key), "utf-8")
        running = us.start("node", "run")
        try:
            running.await_(lambda: f"Serving TAXII on port {port}" in running.said, "it served")

            token_of(us, account, "siem", tmp_path)
            reads = program("howto/taxii.md", tmp_path)
            source = reads.read_text("utf-8")
            assert source.count(HOST) == 1
            source = source.replace(HOST, f"localhost:{port}")
            reads.write_text(source, encoding="utf-8")
            assert "relationship relationship--" in ask(reads, environment)

            token_of(us, submitter, "platform", tmp_path)
            (given,) = re.findall(r"`(collection\.add_objects\([^`]+\))`", PAGE)
            given = given.replace("[...]", json.dumps([person(1)]))
            adds, loop = source.replace("siem.token", "platform.token"), "for page in as_pages"
            reads.write_text(f"{adds.partition(loop)[0]}print({given}.status)\n", "utf-8")
            assert ask(reads, environment) == "complete\n"
            assert "platform" in us.done_here("todo").out

            (draft,) = us.done_here("taxii", "draft", "list", "-o", "json").rows
            drafts = drafts.replace("5f0c9a1b", draft["draft"])
            asking = re.compile(r"^(tearline taxii draft discard .*)$", re.M)
            told = follow(us, asking.sub(r"\1 --yes", drafts), tmp_path)
            assert "1 packet sent" in told.stderr
            assert us.done_here("taxii", "draft", "list", "-o", "json").rows == []
            federation.mx.done_here("node", "sync")
            assert len(federation.mx.done_here("packet", "list", "-o", "json").rows) == 2

            (row,) = [
                each
                for each in us.done_here("taxii", "account", "list", "-o", "json").rows
                if each["account"] == "siem"
            ]
            (tmp_path / "siem.token").rename(tmp_path / "password")
            url = f"https://localhost:{port}/tearline/collections/{row['id']}/"
            pull, dry_run = foreign.replace(FOREIGN, url).split("tearline import", 1)
            pull = pull.replace("--user ana", f"--user siem --ca {certificate}")
            follow(us, pull, tmp_path)
            (batch,) = (tmp_path / "taxii").iterdir()
            written = re.compile(r"taxii/batch-[0-9a-f]{8}-000001\.stix\.json")
            assert written.fullmatch(f"taxii/{batch.name}")
            told = follow(
                us, "tearline import" + written.sub(f"taxii/{batch.name}", dry_run), tmp_path
            )
            assert "entities in" in told.stderr

            (removal,) = re.findall(r"`(tearline taxii account remove siem)`", PAGE)
            follow(us, f"{removal} --yes", tmp_path)
            rows = us.done_here("taxii", "account", "list", "-o", "json").rows
            assert [each["account"] for each in rows] == ["platform"]
        finally:
            assert running.terminate() == 0
