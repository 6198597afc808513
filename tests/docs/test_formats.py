"""Tables of keys are true: a file with every key is read, and a key decides as its row says."""

import ssl
import sys
import tomllib
from collections.abc import Callable
from dataclasses import fields
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support.agencies import CN, MX, PINS, US, authority, signer
from support.paths import ROOT
from tearline.errors import TearlineError
from tearline.federation.charter import GENESIS_FEDERATION
from tearline.limits import (
    AGENCY_BYTES_DAY,
    AGENCY_ENTRIES_DAY,
    BLOB_BYTES,
    MAILBOX_BYTES,
    MAILBOX_STATEMENTS,
    MAX_WITNESSES,
    NODE_BYTES_S,
    NODE_STATEMENTS_S,
)
from tearline.tlog.checkpoint import CheckpointSigner, NoteAlgorithm
from tearline_client.audit.rows import COLUMNS
from tearline_client.cli.policy import _toml, parse_cases
from tearline_client.connectors.importers.ftm import KEYS as ENTITY_KEYS
from tearline_client.connectors.importers.ftm import iter_ftm
from tearline_client.connectors.importers.identifiers import FORMATS
from tearline_client.connectors.importers.mapping import KEYS as MAPPING_KEYS
from tearline_client.connectors.importers.mapping import parse_mapping
from tearline_client.connectors.importers.report import Report
from tearline_client.connectors.importers.source import ENCODINGS
from tearline_client.keys.home import Home
from tearline_client.notifications.channels import read_channels
from tearline_client.planning.agreement_file import parse_agreement_file
from tearline_client.planning.request_file import parse_request_file
from tearline_runtime.file_keys import FileKey
from tearline_server.config import KEYS as SETTINGS
from tearline_server.config import Config, config_of

sys.path.append(str(ROOT / "docs" / "reference"))
from formats import (
    AGREEMENT,
    CASES,
    CHANNELS,
    EXCHANGE,
    IDENTITY,
    MAPPING,
    REQUEST,
    TOML,
    Format,
    ftm_sample,
)

FEDERATION: Any = SimpleNamespace(
    agencies=[
        SimpleNamespace(name=name, uri=uri)
        for name, uri in (
            ("us-justice", US),
            ("mx-prosecutor", MX),
            ("cn-public-security", CN),
            ("br-police", "spiffe://police.br.example"),
        )
    ]
)


def read_agreement(text: str) -> None:
    header = signer(US, GENESIS_FEDERATION).header
    parse_agreement_file(text, members=FEDERATION, pins=PINS, header=header)


def read_cases(text: str) -> None:
    desk: Any = SimpleNamespace(own=US, agency=lambda name: name)
    parse_cases(_toml(text)["case"], desk)


def read_identity(text: str, home: Path) -> None:
    (home / "identity.toml").write_text(text, encoding="utf-8")
    Home(home).identity()


def read_exchange(text: str) -> None:
    witness = CheckpointSigner(
        name="witness.example", algorithm=NoteAlgorithm.MLDSA44, seed=bytes(32)
    )
    key = witness.verifier.encode()
    config_of(Path("exchange"), tomllib.loads(text.replace("witness.example+1c2d3e4f+BQ…", key)))


def read_notices(text: str, folder: Path) -> None:
    for name, secret in (("smtp.pass", "a passphrase"), ("webhook.key", "k" * 32)):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(secret)
    pem = ssl.DER_cert_to_PEM_cert(authority(US).certificate)
    (folder / "agency-ca.pem").write_text(pem)
    (folder / "notices.toml").write_text(text, encoding="utf-8")
    read_channels(folder / "notices.toml")


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Format, str], None]:
    """The parser of each format."""
    parsers: dict[str, Callable[[str], object]] = {
        AGREEMENT.title: read_agreement,
        REQUEST.title: parse_request_file,
        MAPPING.title: lambda text: parse_mapping(text.encode()),
        CASES.title: read_cases,
        EXCHANGE.title: read_exchange,
        IDENTITY.title: lambda text: read_identity(text, tmp_path),
        CHANNELS.title: lambda text: read_notices(text, tmp_path),
    }
    return lambda format_, text: parsers[format_.title](text) and None


def rows() -> list[Any]:
    """Every key of every table of a file."""
    return [
        pytest.param(each, key, id=f"{each.title}-{keys.place}-{key.name}")
        for each in TOML
        for _, keys in each.sections
        for key in keys.keys
    ]


@pytest.mark.parametrize("format_", TOML, ids=lambda each: each.title)
def test_a_file_with_every_key_is_read(format_: Format, read: Callable[..., None]) -> None:
    read(format_, format_.sample())


@pytest.mark.parametrize("format_", TOML, ids=lambda each: each.title)
def test_a_key_that_is_not_in_the_table_is_refused(
    format_: Format, read: Callable[..., None]
) -> None:
    with pytest.raises(TearlineError):
        read(format_, format_.sample(extra='misspelt = "x"'))


@pytest.mark.parametrize(("format_", "key"), rows())
def test_a_key_is_required_where_its_row_says_so(
    format_: Format, key: FileKey, read: Callable[..., None]
) -> None:
    text = format_.sample(without=key)
    if key.name == "store":
        text = text.replace("ha = true\n", "")  # it needs a store
    if key.name == "mail":
        text = text.replace("[[to]]", "[webhook]\n#").partition("\n[webhook]\n#")[0]
    if key.default is None:
        with pytest.raises(TearlineError):
            read(format_, text)
    else:
        read(format_, text)


@pytest.mark.parametrize("key", ENTITY_KEYS.keys, ids=lambda key: key.name)
def test_an_entity_needs_the_keys_that_its_table_says(key: FileKey) -> None:
    assert [*iter_ftm(BytesIO(ftm_sample().encode()), Report())]
    line = ftm_sample(without=key)
    if key.name == "properties":
        line = line.replace(', "generalised": ["birthDate"]', "")  # it names one of them
    without = BytesIO(line.encode())
    if key.default is None:
        with pytest.raises(TearlineError):
            [*iter_ftm(without, Report())]
    else:
        assert len([*iter_ftm(without, Report())]) == 1


def test_defaults_and_values_are_those_of_the_code() -> None:
    settings = {key.name: key for key in SETTINGS["file"].keys}
    assert set(settings) == {field.name for field in fields(Config)} - {"home"}
    numbers = {
        "node_statements_s": NODE_STATEMENTS_S,
        "node_bytes_s": NODE_BYTES_S,
        "agency_entries_day": AGENCY_ENTRIES_DAY,
        "agency_bytes_day": AGENCY_BYTES_DAY,
        "mailbox_statements": MAILBOX_STATEMENTS,
        "mailbox_bytes": MAILBOX_BYTES,
        "blob_bytes": BLOB_BYTES,
    }
    assert {name: settings[name].default for name in numbers} == {
        name: f"{number:,}" for name, number in numbers.items()
    }
    assert settings["witnesses"].value == f"list of at most {MAX_WITNESSES} tables"
    values = {key.name: key.value for each in MAPPING_KEYS.values() for key in each.keys}
    assert values["encoding"] == ", ".join(f"`{name}`" for name in ENCODINGS)
    assert values["format"] == ", ".join(f"`{name}`" for name in sorted(FORMATS))


def test_a_row_has_no_column_twice() -> None:
    assert len(set(COLUMNS)) == len(COLUMNS) == 22
