"""The generator of example certificates, run as its README says."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.paths import ROOT
from tearline.crypto.authority_profile import verify_authority
from tearline.crypto.certificates import from_pem, verify_leaf
from tearline.errors import CertificateRefused
from tearline.identity import AgencyUri

EXAMPLE = ROOT / "certs-example"
CONFIG = EXAMPLE / "federation.toml"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLE / "generate.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("certs") / "out"
    ended = run("--out", out)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert sorted(ended.stdout.split()) == sorted(str(path) for path in out.rglob("*.crt"))
    return out


def certificate(path: Path) -> bytes:
    return from_pem(path.read_bytes())


def test_every_node_is_who_it_says_under_its_own_ca(out: Path) -> None:
    now_s = int(time.time())
    authorities = {path.parent.name: [certificate(path)] for path in out.rglob("ca.crt")}
    for trust_domain, (ca,) in authorities.items():
        verify_authority(ca, AgencyUri(trust_domain=trust_domain)).verify_time(now_s)
    nodes = [
        str(verify_leaf(certificate(path), authorities, now_s).node)
        for path in sorted(out.rglob("node-*.crt"))
    ]
    assert nodes == [
        "spiffe://cn-public-security.example/node/beijing",
        "spiffe://mx-prosecutor.example/node/mexico-city",
        "spiffe://mx-prosecutor.example/node/tijuana",
        "spiffe://us-justice.example/node/washington",
    ]
    with pytest.raises(CertificateRefused):
        verify_leaf(certificate(out / "operator.example" / "exchange.crt"), authorities, now_s)


def test_only_the_owner_may_read_the_keys(out: Path) -> None:
    keys = list(out.rglob("*.key"))
    assert len(keys) == 9
    assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}
    assert {path.parent.stat().st_mode & 0o777 for path in keys} == {0o700}
    assert all(path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----") for path in keys)


def test_no_key_is_overwritten(out: Path) -> None:
    before = {path: path.read_bytes() for path in out.rglob("*.*") if path.is_file()}
    ended = run("--out", out)
    assert ended.returncode == 2
    assert "exists already" in ended.stderr
    assert {path: path.read_bytes() for path in before} == before


def test_no_key_is_committed() -> None:
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-o", "-c", "--exclude-standard", "certs-example"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert sorted(listed) == [
        "certs-example/README.md",
        "certs-example/federation.toml",
        "certs-example/generate.py",
    ]


BAD_CONFIGS = {
    "a setting that is not one": ("ca_lifetime_days", "ca_lifetime_weeks"),
    "one setting more": ("ca_lifetime_days", "colour = 1\nca_lifetime_days"),
    "text for a number": ("730", '"730"'),
    "a leaf that lives too long": ("= 7 #", "= 8 #"),
    "a CA that lives too long": ("730", "7300"),
    "a name in another spelling": ("washington", "Washington"),
    "a wildcard": ('"exchange.example"', '"*.example"'),
    "no list of nodes": ('["washington"]', '"washington"'),
    "no TOML": ("[agencies]", "[agencies"),
}


@pytest.mark.parametrize("case", BAD_CONFIGS)
def test_a_wrong_configuration_writes_nothing(tmp_path: Path, case: str) -> None:
    config = tmp_path / "federation.toml"
    config.write_text(CONFIG.read_text().replace(*BAD_CONFIGS[case], 1))
    ended = run("--config", config, "--out", tmp_path / "out")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("TL-USE-001")
    assert not (tmp_path / "out").exists()


def test_a_configuration_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    ended = run("--config", tmp_path / "nothing.toml", "--out", tmp_path / "out")
    assert ended.returncode == 1
    assert "nothing.toml" in ended.stderr
