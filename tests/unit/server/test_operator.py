"""The operator's settings, keys, logs and command line."""

import io
import json
import logging
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from support.agencies import CN, US, constitution, founding
from support.decisions import leaving, own_change, vote
from support.exchange_process import member
from support.hostile_values import ALL_AT_ONCE, SHORT, obeyed
from support.mutated_authorities import named
from tearline.crypto.armor import Armor, armor, parse_armor
from tearline.crypto.authority_profile import verify_authority
from tearline.errors import (
    ClockDoubted,
    ConfigUnreadable,
    FileExposed,
    KeystoreDamaged,
    KeystoreLocked,
    KeystoreUnusable,
    PassphraseMissing,
    SettingInvalid,
    SettingUnknown,
    TearlineError,
)
from tearline.federation.decisions import VoteKind
from tearline.identity import AgencyUri
from tearline.tlog.checkpoint import NoteAlgorithm, parse_verifier_key
from tearline.verification.trust import TrustState, founded
from tearline.wire.federation import (
    FederationFile,
    encode_federation_file,
    parse_exchange_enrolment,
)
from tearline.wire.statements import Signed, encode_signed
from tearline_server.admin.output import print_traceback
from tearline_server.cli import cli, main
from tearline_server.config import config_of, load_config, read_passphrase, write_config
from tearline_server.keys import generate_keys, read_keys, write_keys
from tearline_server.observability.logging import log_to

VALUES = {"name": "exchange.example", "dns": "exchange.test", "address": "127.0.0.1:8443"}


# Settings.


def test_settings_are_written_and_read_back(tmp_path: Path) -> None:
    config = config_of(tmp_path, VALUES)
    write_config(config)
    assert load_config(tmp_path) == config
    assert config.listen == config.address
    assert (str(config.uri), config.origin) == (
        "spiffe://exchange.example/exchange",
        "exchange.example/log",
    )
    with pytest.raises(ConfigUnreadable):
        write_config(config)


def test_the_monitoring_port_is_named_or_there_is_none(tmp_path: Path) -> None:
    assert config_of(tmp_path, VALUES).http is None
    ports = {"http": "[::1]:8480", "metrics": "127.0.0.1:8481"}
    config = config_of(tmp_path, VALUES | ports)
    write_config(config)
    assert load_config(tmp_path).http == config.http == "[::1]:8480"
    assert load_config(tmp_path).metrics == config.metrics == "127.0.0.1:8481"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"adress": "127.0.0.1:1"}, SettingUnknown),
        ({"name": "Exchange"}, SettingInvalid),
        ({"name": 7}, SettingInvalid),
        ({"dns": "*.example"}, SettingInvalid),
        ({"address": "localhost"}, SettingInvalid),
        ({"address": "localhost:99999"}, SettingInvalid),
        ({"address": "localhost:08"}, SettingInvalid),
        ({"address": 'local"host:1'}, SettingInvalid),
        ({"http": "localhost"}, SettingInvalid),
        ({"http": 8480}, SettingInvalid),
        ({"http": ""}, SettingInvalid),
        ({"metrics": "localhost"}, SettingInvalid),
        ({"node_bytes_s": 0}, SettingInvalid),
        ({"node_bytes_s": True}, SettingInvalid),
        ({"node_statements_s": "many"}, SettingInvalid),
        ({"mailbox_statements": 0}, SettingInvalid),
        ({"mailbox_bytes": 1.5}, SettingInvalid),
    ],
)
def test_a_wrong_setting_is_refused(
    tmp_path: Path, changed: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error) as refused:
        config_of(tmp_path, VALUES | changed)
    assert all(name in refused.value.why for name in changed)


def test_a_file_that_is_missing_or_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigUnreadable):
        load_config(tmp_path)
    (tmp_path / "exchange.toml").write_text("name = ")
    with pytest.raises(ConfigUnreadable):
        load_config(tmp_path)


def test_a_passphrase_comes_from_a_private_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("secret\nsecond line\n")
    file.chmod(0o600)
    assert read_passphrase(file, {}) == b"secret"
    assert read_passphrase(None, {"TEARLINE_PASSPHRASE_FILE": str(file)}) == b"secret"
    assert read_passphrase(None, {"TEARLINE_PASSPHRASE": "e\u0301"}) == "é".encode()
    file.chmod(0o640)
    with pytest.raises(FileExposed):
        read_passphrase(file, {})
    with pytest.raises(PassphraseMissing):
        read_passphrase(None, {"TEARLINE_PASSPHRASE": ""})


def test_a_passphrase_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    for name, data in {"one": b"p\xe9ss", "other": b"p\xe8ss"}.items():  # Latin-1, of two words
        (tmp_path / name).write_bytes(data)
        (tmp_path / name).chmod(0o600)
        with pytest.raises(ConfigUnreadable, match="not UTF-8"):
            read_passphrase(tmp_path / name, {})


# Keys.


def test_keys_are_kept_encrypted_for_their_owner(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    keys = generate_keys(trust_domain="exchange.example", origin="exchange.example/log", now_s=0)
    write_keys(path, keys, b"secret enough")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    data = path.read_bytes()
    for secret in (keys.signing.private_bytes(), keys.authority.private_bytes()):
        assert secret not in data
    again = read_keys(path, b"secret enough")
    assert again.signing.private_bytes() == keys.signing.private_bytes()
    assert again.authority.certificate == keys.authority.certificate
    assert [each.verifier for each in again.log] == [each.verifier for each in keys.log]
    with pytest.raises(KeystoreUnusable):
        write_keys(path, keys, b"secret enough")
    with pytest.raises(KeystoreLocked):
        read_keys(path, b"other")
    path.chmod(0o644)
    with pytest.raises(FileExposed):
        read_keys(path, b"secret enough")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_key_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    keys = generate_keys(trust_domain="exchange.example", origin="exchange.example/log", now_s=0)
    write_keys(path, keys, b"secret enough")
    os.chown(path, 12345, 12345)
    with pytest.raises(FileExposed):
        read_keys(path, b"secret enough")


def test_a_key_file_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    with pytest.raises(KeystoreUnusable):
        read_keys(path, b"secret enough")
    path.write_bytes(b"something else")
    path.chmod(0o600)
    with pytest.raises(KeystoreDamaged):
        read_keys(path, b"secret enough")
    path.write_bytes(b"tearline exchange keys 1\n" + bytes(20))
    with pytest.raises(KeystoreDamaged):
        read_keys(path, b"secret enough")


# Logs.


def test_logs_are_json_and_say_where_not_what() -> None:
    first, second = map(json.loads, logged(plain=False))
    assert (first["message"], first["size"], first["level"]) == ("hello", 3, "info")
    assert second["at"]


def test_what_our_lines_tell_no_library_tells_again() -> None:
    stream = io.StringIO()
    log_to(stream)
    try:
        raise ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 5432)")
    except OSError:
        logging.getLogger("asyncpg.pool").exception("Failed to restore the pool connection floor")
    finally:
        logging.getLogger().handlers.clear()
    assert stream.getvalue() == ""


def test_on_a_terminal_logs_are_for_people() -> None:
    first, second = logged(plain=True)
    assert re.fullmatch(r"\d\d:\d\d:\d\d hello: size 3, peer \\u001b\[2J", first)
    assert re.fullmatch(r"\d\d:\d\d:\d\d failed: logged:\d+", second)


@pytest.mark.parametrize("plain", [False, True])
def test_no_log_is_obeyed(plain: bool) -> None:
    stream = io.StringIO()
    log_to(stream, plain=plain)
    try:
        logging.getLogger("x").warning("peer %s", ALL_AT_ONCE, extra={"peer": ALL_AT_ONCE})
    finally:
        logging.getLogger().handlers.clear()
    (line,) = stream.getvalue().splitlines()
    assert obeyed(line) == []
    assert plain or json.loads(line)["peer"] == ALL_AT_ONCE


@pytest.mark.parametrize("verb", sorted(cli.commands))
def test_no_argument_of_the_operator_is_obeyed(verb: str, tmp_path: Path) -> None:
    for arguments in (
        [verb, f"--{ALL_AT_ONCE}"],
        [verb, "--home", ALL_AT_ONCE, *[ALL_AT_ONCE] * 3],
        [verb, "--home", str(tmp_path / SHORT), SHORT],
        [f"{verb}{ALL_AT_ONCE}"],
    ):
        ended = CliRunner().invoke(cli, arguments, env={"TEARLINE_PASSPHRASE": "secret enough"})
        assert ended.exit_code != 0
        assert obeyed(ended.output) == []


def test_no_fault_is_told_so_that_it_is_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / SHORT.replace("/", "")
    monkeypatch.setattr(sys, "argv", ["tearline-server", "check", "--home", str(home)])
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr().err
    assert r"\u001b" in said
    assert obeyed(said) == []


def test_a_traceback_is_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError(ALL_AT_ONCE)
    except ValueError as fault:
        print_traceback(ValueError, fault, fault.__traceback__)
    shown = capsys.readouterr().err
    assert "test_a_traceback_is_not_obeyed" in shown
    assert obeyed(shown) == []


def test_the_program_tells_faults_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "argv", ["tearline-server", "--help"])
    with pytest.raises(SystemExit):
        main()
    assert sys.excepthook is print_traceback


def logged(*, plain: bool) -> list[str]:
    """The lines about something that happened, and about something that failed."""
    stream = io.StringIO()
    log_to(stream, plain=plain)
    try:
        logging.getLogger("x").info("hello", extra={"size": 3, "peer": "\x1b[2J"})
        try:
            raise ValueError("the contents of a field")
        except ValueError as error:
            logging.getLogger("x").error("failed", exc_info=error)
    finally:
        logging.getLogger().handlers.clear()
    assert "contents" not in stream.getvalue()
    return stream.getvalue().splitlines()


# Commands.


def run(home: Path, *arguments: str) -> tuple[str, str]:
    """Runs a command in this process: the code of its error, or empty, and what it said."""
    words = 2 if arguments[0] == "federation" else 1
    given = [*arguments[:words], "--home", str(home), *arguments[words:]]
    result = CliRunner().invoke(cli, given, env={"TEARLINE_PASSPHRASE": "secret enough"})
    if isinstance(result.exception, TearlineError):
        return result.exception.code, result.output
    assert result.exit_code == 0, result.output
    return "", result.output


def test_from_init_to_ready(tmp_path: Path) -> None:
    home = tmp_path / "exchange"
    init = ("init", "--name", "exchange.example", "--address", "127.0.0.1:8443")
    assert run(home, *init)[0] == ""
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    text = (home / "exchange.enrolment").read_text()
    enrolment = parse_exchange_enrolment(parse_armor(Armor.EXCHANGE, text))
    verify_authority(
        enrolment.exchange.certificate_authority,
        AgencyUri(trust_domain="exchange.example"),
    ).verify_time(int(time.time()))
    algorithms = [parse_verifier_key(key).algorithm for key in enrolment.log.verifier_keys]
    assert algorithms == [NoteAlgorithm.ED25519, NoteAlgorithm.MLDSA44]

    assert run(home, "check")[0] == "TL-CFG-009"

    constituted = replace(constitution([CN, US]), exchange=enrolment.exchange, log=enrolment.log)
    entries = founding([member(CN).agency, member(US).agency], constituted)
    found = FederationFile(federation=entries[0].statement.id, entries=entries)
    file = tmp_path / "federation.trust"
    publish = ("federation", "publish")
    outside = replace(member(CN).agency, certificate_authorities=(named(5),))
    refused = founding([outside, member(US).agency], constituted)
    blocking = FederationFile(federation=refused[0].statement.id, entries=refused)
    file.write_text(armor(Armor.FEDERATION, encode_federation_file(blocking)))
    assert run(home, *publish, str(file))[0] == "TL-TLS-001"
    assert run(home, "check")[0] == "TL-CFG-009"  # nothing of it is in the log

    file.write_text(armor(Armor.FEDERATION, encode_federation_file(found)))
    assert run(home, *publish, str(file))[1].startswith(f"{file} is entry 0.\n")
    assert run(home, *publish, str(file))[1] == f"{file} was already in the log.\n" * 4
    shown = run(home, "federation", "show")[1]
    assert shown.splitlines()[0] == f"federation {found.federation.hex()}"
    assert f"{US} member generation 1 council cosigner" in shown

    assert "2 agencies" in run(home, "check")[1]
    assert run(home, "verify-log") == ("", "9 entries: all as they were logged\n")
    assert run(home, *init)[0] == "TL-KEY-006"


@pytest.mark.parametrize(
    "other",
    [
        lambda state: own_change(state, CN, name="another-name"),
        lambda state: vote(state, CN, VoteKind.REMOVE, US),
        lambda state: leaving(state, CN),
    ],
    ids=["member record", "vote", "leave"],
)
def test_a_file_of_a_key_record_with_another_statement_is_refused(
    other: Callable[[TrustState], Signed], tmp_path: Path
) -> None:
    home, file = tmp_path / "exchange", tmp_path / "node.record"
    run(home, "init", "--name", "exchange.example", "--address", "127.0.0.1:8443")
    enrolment = parse_exchange_enrolment(
        parse_armor(Armor.EXCHANGE, (home / "exchange.enrolment").read_text())
    )
    constituted = replace(constitution([CN, US]), exchange=enrolment.exchange, log=enrolment.log)
    entries = founding([member(CN).agency, member(US).agency], constituted)
    found = FederationFile(federation=entries[0].statement.id, entries=entries)
    file.write_text(armor(Armor.FEDERATION, encode_federation_file(found)))
    assert run(home, "federation", "publish", str(file))[0] == ""
    before = run(home, "verify-log")

    file.write_text(armor(Armor.KEY_RECORD, encode_signed(other(founded(found)))))
    assert run(home, "admit", str(file))[0] == "TL-TRU-004"
    assert run(home, "verify-log") == before


@pytest.mark.parametrize(
    ("given", "http"),
    [
        ((), None),
        (("--http",), "127.0.0.1:8480"),
        (("--http", "0.0.0.0:9000"), "0.0.0.0:9000"),
    ],
)
def test_init_opens_a_monitoring_port_only_if_told_to(
    tmp_path: Path, given: tuple[str, ...], http: str | None
) -> None:
    named = ("--name", "exchange.example", "--address", "127.0.0.1:8443")
    assert run(tmp_path / "exchange", "init", *given, *named)[0] == ""
    assert load_config(tmp_path / "exchange").http == http


def test_errors_have_their_exit_status(tmp_path: Path) -> None:
    missing = subprocess.run(
        [sys.executable, "-m", "tearline_server", "serve", "--home", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (missing.returncode, "TL-CFG-004" in missing.stderr) == (1, True)
    assert CliRunner().invoke(cli, ["serve"]).exit_code == 2
    for verb in ("init", "serve", "check", "federation", "admit", "verify-log"):
        assert CliRunner().invoke(cli, [verb, "--help"]).exit_code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "Pass FILE (a backup) or --store (a PostgreSQL database)."),
        (
            ("backup", "--store", "postgresql:///tearline"),
            "a backup file holds no PostgreSQL database",
        ),
    ],
)
def test_a_restore_says_of_what(options: tuple[str, ...], said: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a passphrase\n")
    secret.chmod(0o600)
    home = ("--home", str(tmp_path / "home"), "--passphrase-file", str(secret))
    named = ("--name", "exchange.example", "--address", "127.0.0.1:8443")
    assert CliRunner().invoke(cli, ["init", *home, *named]).exit_code == 0
    refused = CliRunner().invoke(cli, ["restore", *home, *options])
    assert refused.exit_code == 2
    assert said in refused.stderr


@pytest.mark.parametrize("command", ["serve", "federation publish", "admit", "correct-time"])
def test_a_clock_is_right_at_the_time_that_is_given_and_at_no_other(
    tmp_path: Path, command: str
) -> None:
    files = ["list.txt"] if command in ("federation publish", "admit") else []
    given = [*command.split(), "--home", str(tmp_path / "none"), *files, "--clock-is-right"]
    refused = CliRunner().invoke(cli, [*given, "2020-01-01T00:00Z"])
    assert isinstance(refused.exception, ClockDoubted)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    assert isinstance(CliRunner().invoke(cli, [*given, now]).exception, ConfigUnreadable)
    for no_time in ("", "yes", now.removesuffix("Z")):
        assert CliRunner().invoke(cli, [*given, no_time]).exit_code == 2
