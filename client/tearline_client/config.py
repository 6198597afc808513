"""A node's settings: flag, then environment, then ``node.toml``, then default.

A setting ``exchange`` is the flag ``--exchange`` where a command has one, ``TEARLINE_EXCHANGE``
in the environment and ``exchange`` in the TOML file of the node's home. A name in the file that
is no setting is refused, for a misspelt one would otherwise pass for the default. Secrets are
never settings: a passphrase comes from a file, the environment or a prompt.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tearline.encoding import parse_decimal
from tearline.errors import (
    ConfigUnreadable,
    MalformedInput,
    SettingInvalid,
    SettingUnknown,
)
from tearline_runtime import passphrase
from tearline_runtime.files import read_if_present

FILE_NAME = "node.toml"
MAX_CONFIG_BYTES = 64 << 10  # a few dozen lines; a larger file is another file
MAX_TIMEOUT_S = 3600  # a command that waits an hour for an answer will not get one
MAX_PORT = 65535
MAX_ADDRESSES = 16  # more processes than one database has use for

_DEFAULT_HOME = Path("~/.tearline").expanduser()


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _timeout(text: str) -> int:
    seconds = parse_decimal(text, maximum=MAX_TIMEOUT_S)
    if not seconds:
        raise MalformedInput("at least one second was expected")
    return seconds


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not parse_decimal(port, maximum=MAX_PORT):
        raise MalformedInput("host:port was expected")
    return text


def _addresses(text: str) -> str:
    addresses = [_address(each.strip()) for each in text.split(",")]
    if len(addresses) > MAX_ADDRESSES:
        raise MalformedInput(f"at most {MAX_ADDRESSES} addresses were expected")
    return ",".join(addresses)


def _recall(text: str) -> str:
    if text not in ("erase", "ask"):
        raise MalformedInput("erase or ask was expected")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What there is to know of one setting before it has a value.

    Attributes:
        name: Its name, in flags, in ``node.toml`` and, as ``TEARLINE_NAME``, in the environment.
        parse: Reads its value from text; raises MalformedInput.
        default: Its value where none is given.
        meaning: What it says.
        in_file: Whether ``node.toml`` may hold it.
    """

    name: str
    parse: Callable[[str], object]
    default: object
    meaning: str
    in_file: bool = True

    @property
    def variable(self) -> str:
        """The environment variable that gives it."""
        return f"TEARLINE_{self.name.upper()}"


SETTINGS = (
    Setting(
        name="home",
        parse=_path,
        default=_DEFAULT_HOME,
        meaning="the node's home directory",
        in_file=False,
    ),
    Setting(
        name="exchange",
        parse=_addresses,
        default="",
        meaning="host:port of the exchange; several, with commas between, where several processes "
        "serve: one is used, and the next as soon as it does not answer",
    ),
    Setting(name="person", parse=str, default="", meaning="name of the person who acts, or `node`"),
    Setting(
        name="output",
        parse=str,
        default="table",
        meaning="how data is printed: table, json, jsonl or csv",
    ),
    Setting(
        name="timeout_s",
        parse=_timeout,
        default=30,
        meaning="seconds to wait for the exchange to answer one call",
    ),
    Setting(
        name="http",
        parse=_address,
        default="",
        meaning="host:port on which `tearline node run` shows its copy of the log, and cosigns "
        "for whoever asks; none where it is not set",
    ),
    Setting(
        name="metrics",
        parse=_address,
        default="",
        meaning="host:port on which `tearline node run` tells whoever watches machines how it is; "
        "none where it is not set",
    ),
    Setting(
        name="recall",
        parse=_recall,
        default="erase",
        meaning="what is done with what partners recall: erase (at once), or ask (a person, while "
        "there is time)",
    ),
    Setting(
        name="passphrase_file",
        parse=_path,
        default=None,
        meaning="file whose first line is the passphrase of the keystore",
        in_file=False,  # what opens the keys is not named beside them
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting of a node, as SETTINGS describes them.

    Attributes:
        home: The node's home directory, which also holds ``node.toml``.
        exchange: ``host:port`` of the exchange, or several with commas between; empty where none
            is set.
        person: Name of the person who acts, empty for the only one logged in; ``node`` for the
            node itself.
        output: How data is printed: table, json, jsonl or csv.
        timeout_s: Seconds to wait for the exchange to answer one call.
        http: ``host:port`` of the witness port, empty for none.
        metrics: ``host:port`` of the port of the metrics, empty for none.
        recall: What is done with what partners recall: erase, or ask.
        passphrase_file: File whose first line opens the keystore.
        origins: For each setting: ``flag``, a variable's name, a file's path or ``default``.
    """

    home: Path
    exchange: str
    person: str
    output: str
    timeout_s: int
    http: str
    metrics: str
    recall: str
    passphrase_file: Path | None
    origins: Mapping[str, str]


def load_settings(
    flags: Mapping[str, str | None] | None = None, environment: Mapping[str, str] = os.environ
) -> Settings:
    """The settings that hold now.

    Args:
        flags: Values given on the command line, by setting; None for those that were not.
        environment: Where the ``TEARLINE_…`` variables are looked up; an empty one is unset.

    Raises:
        SettingUnknown: If the file names something that is not a setting.
        SettingInvalid: If a value is not of its setting's kind.
        ConfigUnreadable: If the file is there but cannot be read.
    """
    outside = {
        setting.name: (setting.variable, environment[setting.variable])
        for setting in SETTINGS
        if environment.get(setting.variable)
    }
    outside |= {name: ("flag", value) for name, value in (flags or {}).items() if value is not None}

    home = _path(outside["home"][1]) if "home" in outside else _DEFAULT_HOME
    path = home / FILE_NAME
    allowed = {setting.name for setting in SETTINGS if setting.in_file}
    in_file = _read_toml(path)
    for name in in_file:
        if name not in allowed:
            raise SettingUnknown(f"{name!r} in {path}")
    given = {name: (str(path), value) for name, value in in_file.items()} | outside

    values: dict[str, Any] = {}
    origins = {}
    for setting in SETTINGS:
        origin, value = given.get(setting.name, ("default", None))
        origins[setting.name] = origin
        values[setting.name] = (
            setting.default if origin == "default" else _parse(setting, origin, value)
        )
    return Settings(**values, origins=origins)


def _parse(setting: Setting, origin: str, value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise SettingInvalid(f"{setting.name} ({origin}): text or a whole number was expected")
    try:
        return setting.parse(str(value))
    except MalformedInput as error:
        raise SettingInvalid(f"{setting.name} ({origin}): {error.why}") from None


def _read_toml(path: Path) -> dict[str, object]:
    data = read_if_present(path, MAX_CONFIG_BYTES)
    if data is None:
        return {}
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except ValueError as error:  # not UTF-8, or not TOML
        raise ConfigUnreadable(f"{path}: {error}") from None


def read_passphrase(
    settings: Settings, environment: Mapping[str, str] = os.environ, *, twice: bool = False
) -> bytes:
    """The passphrase that opens the keystore, as UTF-8 in Unicode's composed form.

    From the file that a flag or ``TEARLINE_PASSPHRASE_FILE`` names, else from
    ``TEARLINE_PASSPHRASE``, else from a prompt.

    Args:
        settings: The node's settings.
        environment: Where ``TEARLINE_PASSPHRASE`` is looked up.
        twice: Whether a prompt asks a second time, as for a new passphrase.

    Raises:
        PassphraseMissing: If there is none, it is empty, or the two entries differ.
        ConfigUnreadable: If the file cannot be read.
        FileExposed: If others than its owner may read or write the file.
    """
    return passphrase.read_passphrase(
        settings.passphrase_file, environment.get(passphrase.VARIABLE), twice=twice
    )
