"""Where settings come from, and how a wrong one is refused."""

import sys
from pathlib import Path

import pytest

from tearline.errors import (
    ConfigUnreadable,
    FileExposed,
    PassphraseMissing,
    SettingInvalid,
    SettingUnknown,
)
from tearline_client.config import Settings, load_settings, read_passphrase
from tearline_client.settings.table import SETTINGS


@pytest.fixture
def home(tmp_path):
    return tmp_path


def written(home: Path, text: str) -> dict[str, str]:
    (home / "node.toml").write_text(text, encoding="utf-8")
    return {"home": str(home)}


def secret(home: Path, data: bytes, mode: int = 0o600) -> Path:
    path = home / "passphrase"
    path.write_bytes(data)
    path.chmod(mode)
    return path


def test_every_setting_has_its_place():
    assert [setting.name for setting in SETTINGS] == list(Settings.__slots__)[:-1]


def test_defaults_hold_where_nothing_is_said(home):
    settings = load_settings({"home": str(home)}, {})
    assert (settings.exchange, settings.output, settings.timeout_s) == ("", "table", 30)
    assert set(settings.origins.values()) == {"flag", "default"}
    assert load_settings({}, {}).home == Path.home() / ".tearline"


def test_flag_beats_environment_beats_file(home):
    flags = written(home, 'exchange = "file:1"\nperson = "file"\ntimeout_s = 5\n')
    environment = {"TEARLINE_EXCHANGE": "variable:1", "TEARLINE_PERSON": "variable"}
    settings = load_settings(flags | {"person": "flag"}, environment)
    assert (settings.timeout_s, settings.exchange, settings.person) == (5, "variable:1", "flag")
    assert settings.origins == {
        "home": "flag",
        "exchange": "TEARLINE_EXCHANGE",
        "person": "flag",
        "output": "default",
        "timeout_s": str(home / "node.toml"),
        "http": "default",
        "metrics": "default",
        "traces": "default",
        "console": "default",
        "console_origin": "default",
        "console_certificate": "default",
        "console_key": "default",
        "oidc_issuer": "default",
        "oidc_client": "default",
        "oidc_secret_file": "default",
        "oidc_claim": "default",
        "oidc_roles": "default",
        "oidc_algorithm": "default",
        "oidc_ca": "default",
        "notices": "default",
        "syslog": "default",
        "syslog_ca": "default",
        "syslog_certificate": "default",
        "syslog_key": "default",
        "taxii": "default",
        "taxii_certificate": "default",
        "taxii_key": "default",
        "recall": "default",
        "scanner": "default",
        "scanner_timeout_s": "default",
        "passphrase_file": "default",
    }


def test_the_environment_may_name_the_home(home):
    written(home, 'person = "li"')
    assert load_settings({}, {"TEARLINE_HOME": str(home)}).person == "li"


def test_an_empty_variable_and_an_absent_flag_say_nothing(home):
    settings = load_settings({"home": str(home), "person": None}, {"TEARLINE_PERSON": ""})
    assert settings.origins["person"] == "default"


@pytest.mark.parametrize("name", ["exchnage", "home", "passphrase_file", "passphrase", "origins"])
def test_what_is_not_a_setting_of_the_file_is_refused(home, name):
    with pytest.raises(SettingUnknown, match=name):
        load_settings(written(home, f'{name} = "x"'), {})


@pytest.mark.parametrize(
    "line",
    [
        "timeout_s = true",
        "timeout_s = 0",
        "timeout_s = 3601",
        "timeout_s = 1.5",
        "timeout_s = -1",
        'timeout_s = "1_0"',
        'exchange = "no-port"',
        'exchange = ":443"',
        'exchange = "host:0"',
        'exchange = "host:65536"',
        'exchange = "host..example:443"',
        'scanner = "clamd..example:3310"',
        'exchange = "host:443,"',
        'exchange = "host:443,no-port"',
        f'exchange = "{",".join(["host:443"] * 17)}"',
        "person = ['a']",
    ],
)
def test_a_value_of_another_kind_is_refused(home, line):
    with pytest.raises(SettingInvalid, match=line.split()[0]):
        load_settings(written(home, line), {})


def test_a_wrong_value_says_where_it_comes_from():
    with pytest.raises(SettingInvalid, match="TEARLINE_TIMEOUT_S"):
        load_settings({}, {"TEARLINE_TIMEOUT_S": "soon"})


@pytest.mark.parametrize("data", [b"person = ", b"\xff", b"a = 1\n" * 20_000], ids=len)
def test_a_file_that_is_not_toml_is_refused(home, data):
    (home / "node.toml").write_bytes(data)
    with pytest.raises(ConfigUnreadable, match=r"node\.toml"):
        load_settings({"home": str(home)}, {})


def test_a_file_that_cannot_be_read_is_refused(home):
    (home / "node.toml").mkdir()
    with pytest.raises(ConfigUnreadable, match="Is a directory"):
        load_settings({"home": str(home)}, {})


def test_the_passphrase_is_the_first_line_of_its_file(home):
    path = secret(home, "clé de voûte\r\nsecond line\n".encode())
    settings = load_settings({"home": str(home), "passphrase_file": str(path)}, {})
    assert read_passphrase(settings, {"TEARLINE_PASSPHRASE": "other"}) == "clé de voûte".encode()


def test_the_passphrase_has_one_spelling(home):
    settings = load_settings({"home": str(home)}, {})
    composed, decomposed = (
        read_passphrase(settings, {"TEARLINE_PASSPHRASE": text}) for text in ("é", "e\u0301")
    )
    assert composed == decomposed


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_passphrase_file_open_to_others_is_refused(home, mode):
    path = secret(home, b"secret\n", mode)
    settings = load_settings({}, {"TEARLINE_PASSPHRASE_FILE": str(path)})
    with pytest.raises(FileExposed) as caught:
        read_passphrase(settings, {})
    assert "secret" not in str(caught.value).replace("holds a secret", "").replace(
        "treat the secret", ""
    )


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", PassphraseMissing),
        (b"\nsecond", PassphraseMissing),
        (b"\xff\n", ConfigUnreadable),
        (b"x" * 5000, ConfigUnreadable),
    ],
)
def test_an_unusable_passphrase_file_is_refused(home, data, error):
    settings = load_settings({"passphrase_file": str(secret(home, data))}, {})
    with pytest.raises(error):
        read_passphrase(settings, {})


def test_a_missing_passphrase_file_is_refused(home):
    settings = load_settings({"passphrase_file": str(home / "none")}, {})
    with pytest.raises(ConfigUnreadable, match="No such file"):
        read_passphrase(settings, {})


def test_without_a_terminal_nobody_is_asked(home, monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    with pytest.raises(PassphraseMissing):
        read_passphrase(load_settings({"home": str(home)}, {}), {})


@pytest.mark.parametrize(("again", "accepted"), [("new", True), ("nwe", False)])
def test_a_new_passphrase_is_asked_for_twice(home, monkeypatch, again, accepted):
    answers = iter(["new", again])
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _: next(answers))
    settings = load_settings({"home": str(home)}, {})
    if accepted:
        assert read_passphrase(settings, {}, twice=True) == b"new"
    else:
        with pytest.raises(PassphraseMissing, match="differ"):
            read_passphrase(settings, {}, twice=True)


def test_what_is_recalled_is_erased_or_asked_about(home):
    assert load_settings(written(home, "")).recall == "erase"
    assert load_settings(written(home, 'recall = "ask"\n')).recall == "ask"
    with pytest.raises(SettingInvalid):
        load_settings(written(home, 'recall = "never"\n'))
