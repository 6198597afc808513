"""Settings of a node: flag, then environment, then ``node.toml``, then default.

A setting ``exchange`` is the flag ``--exchange`` of some commands, ``TEARLINE_EXCHANGE`` in the
environment and ``exchange`` in the TOML file of the node's home. Unknown names in the file are
refused, because a misspelt setting would silently be the default. Secrets are never settings: a
passphrase comes from a file, the environment or a prompt.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tearline.dataclass.immutable import immutable
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
MAX_ADDRESSES = 16  # more processes than one database can use

_DEFAULT_HOME = Path("~/.tearline").expanduser()


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _timeout(text: str) -> int:
    seconds = parse_decimal(text, maximum=MAX_TIMEOUT_S)
    if not seconds:
        raise MalformedInput("expected at least one second")
    return seconds


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not parse_decimal(port, maximum=MAX_PORT):
        raise MalformedInput("expected host:port")
    return text


def _addresses(text: str) -> str:
    addresses = [_address(each.strip()) for each in text.split(",")]
    if len(addresses) > MAX_ADDRESSES:
        raise MalformedInput(f"expected at most {MAX_ADDRESSES} addresses")
    return ",".join(addresses)


def _recall(text: str) -> str:
    if text not in ("erase", "ask"):
        raise MalformedInput("expected erase or ask")
    return text


@immutable
class Setting:
    """Definition of one setting.

    Attributes:
        name: Its name, in flags, in ``node.toml`` and, as ``TEARLINE_NAME``, in the environment.
        parse: Parses its value; raises MalformedInput.
        default: Its default value.
        meaning: Its description.
        in_file: Whether ``node.toml`` may set it.
    """

    name: str
    parse: Callable[[str], object]
    default: object
    meaning: str
    in_file: bool = True

    @property
    def variable(self) -> str:
        """Returns its environment variable."""
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
        meaning="host:port of the exchange; several, separated by commas, if several processes "
        "serve: one is used, and the next after a failure",
    ),
    Setting(name="person", parse=str, default="", meaning="name of the person who acts, or `node`"),
    Setting(
        name="output",
        parse=str,
        default="table",
        meaning="output format: table, json, jsonl or csv",
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
        meaning="host:port on which `tearline node run` serves its copy of the log, and cosigns "
        "on request; none by default",
    ),
    Setting(
        name="metrics",
        parse=_address,
        default="",
        meaning="host:port on which `tearline node run` serves metrics and health; none by default",
    ),
    Setting(
        name="console",
        parse=_address,
        default="localhost:8470",
        meaning="host:port on which `tearline console` serves its pages",
    ),
    Setting(
        name="console_origin",
        parse=str,
        default="",
        meaning="address of the console in browsers, for example `https://console.agency.example`, "
        "where it differs: behind a proxy, or on every address of the machine",
    ),
    Setting(
        name="console_certificate",
        parse=_path,
        default=None,
        meaning="PEM file with the console's TLS certificate and those of its issuers; required "
        "where other machines reach the console",
    ),
    Setting(
        name="console_key",
        parse=_path,
        default=None,
        meaning="PEM file with the private key of that certificate",
    ),
    Setting(
        name="oidc_issuer",
        parse=str,
        default="",
        meaning="issuer of the agency's identity provider (OpenID Connect), for example "
        "`https://id.agency.example`; none by default",
    ),
    Setting(
        name="oidc_client",
        parse=str,
        default="",
        meaning="the console's client id at the provider",
    ),
    Setting(
        name="oidc_secret_file",
        parse=_path,
        default=None,
        meaning="file with the client's secret in its first line, for its owner alone; "
        "without it, PKCE alone protects the code",
    ),
    Setting(
        name="oidc_claim",
        parse=str,
        default="groups",
        meaning="claim of the identity token that gives roles: a text, or a list of texts",
    ),
    Setting(
        name="oidc_roles",
        parse=str,
        default="",
        meaning="role of each value of that claim, for example "
        "`tearline-liaison=liaison; tearline-audit=auditor`",
    ),
    Setting(
        name="oidc_algorithm",
        parse=str,
        default="RS256",
        meaning="the only algorithm of signatures that counts: RS256, PS256, ES256 or EdDSA",
    ),
    Setting(
        name="oidc_ca",
        parse=_path,
        default=None,
        meaning="PEM file with the certificates that issue the provider's; by default those of "
        "the machine",
    ),
    Setting(
        name="notices",
        parse=_path,
        default=None,
        meaning="TOML file with the persons and the program that `tearline node run` and `tearline "
        "console` tell how many notices are new, by mail or a webhook",
    ),
    Setting(
        name="recall",
        parse=_recall,
        default="erase",
        meaning="handling of partners' recalls: erase (at once), or ask (a person, before the "
        "deadline)",
    ),
    Setting(
        name="passphrase_file",
        parse=_path,
        default=None,
        meaning="file with the keystore's passphrase in its first line",
        in_file=False,  # the secret that opens the keys is not named beside them
    ),
)


@immutable
class Settings:
    """Every setting of a node, as defined in SETTINGS.

    Attributes:
        home: The node's home directory, which also holds ``node.toml``.
        exchange: ``host:port`` of the exchange, or several separated by commas; or empty.
        person: Name of the acting person; empty for the only one logged in, ``node`` for the node
            itself.
        output: Output format: table, json, jsonl or csv.
        timeout_s: Seconds to wait for the exchange to answer one call.
        http: ``host:port`` of the witness port, or empty.
        metrics: ``host:port`` of the metrics port, or empty.
        console: ``host:port`` of the console.
        console_origin: Address of the console in browsers, or empty.
        console_certificate: File with the console's TLS certificate, or None.
        console_key: File with the private key of that certificate, or None.
        oidc_issuer: Issuer of the agency's identity provider, or empty.
        oidc_client: The console's client id there, or empty.
        oidc_secret_file: File with the client's secret, or None.
        oidc_claim: Claim that gives roles.
        oidc_roles: Role of each value of that claim, as text.
        oidc_algorithm: Algorithm of the provider's signatures.
        oidc_ca: File with the issuers of the provider's certificate, or None.
        notices: File with persons and a program to tell of notices, or None.
        recall: Handling of partners' recalls: erase, or ask.
        passphrase_file: File with the keystore's passphrase in its first line.
        origins: Origin of each setting: ``flag``, a variable's name, a file's path or ``default``.
    """

    home: Path
    exchange: str
    person: str
    output: str
    timeout_s: int
    http: str
    metrics: str
    console: str
    console_origin: str
    console_certificate: Path | None
    console_key: Path | None
    oidc_issuer: str
    oidc_client: str
    oidc_secret_file: Path | None
    oidc_claim: str
    oidc_roles: str
    oidc_algorithm: str
    oidc_ca: Path | None
    notices: Path | None
    recall: str
    passphrase_file: Path | None
    origins: Mapping[str, str]


def load_settings(
    flags: Mapping[str, str | None] | None = None, environment: Mapping[str, str] = os.environ
) -> Settings:
    """Returns the current settings.

    Args:
        flags: Values given on the command line, by setting; None for those not given.
        environment: Source of the ``TEARLINE_…`` variables; an empty one is unset.

    Raises:
        SettingUnknown: If the file names an unknown setting.
        SettingInvalid: If a value is invalid for its setting.
        ConfigUnreadable: If the file exists but cannot be read.
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
        raise SettingInvalid(f"{setting.name} ({origin}): expected text or a whole number")
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
    """Returns the keystore's passphrase, as UTF-8 in Unicode's composed form.

    It comes from the file named by a flag or ``TEARLINE_PASSPHRASE_FILE``, else from
    ``TEARLINE_PASSPHRASE``, else from a prompt.

    Args:
        settings: The node's settings.
        environment: Source of ``TEARLINE_PASSPHRASE``.
        twice: Whether a prompt asks a second time, as for a new passphrase.

    Raises:
        PassphraseMissing: If there is none, it is empty, or the two entries differ.
        ConfigUnreadable: If the file cannot be read.
        FileExposed: If the file is accessible to others than its owner.
    """
    return passphrase.read_passphrase(
        settings.passphrase_file, environment.get(passphrase.VARIABLE), twice=twice
    )
