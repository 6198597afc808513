"""Settings of a node: flag, then environment, then ``node.toml``, then default.

A setting ``exchange`` is the flag ``--exchange`` of some commands, ``TEARLINE_EXCHANGE`` in the
environment and ``exchange`` in the TOML file of the node's home. Unknown names in the file are
refused, because a misspelt setting would silently be the default. Secrets are never settings: a
passphrase comes from a file, the environment or a prompt.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tearline.dataclass.immutable import immutable
from tearline.errors import (
    ConfigUnreadable,
    MalformedInput,
    SettingInvalid,
    SettingUnknown,
)
from tearline_client.settings.table import DEFAULT_HOME, SETTINGS, Setting, parse_path
from tearline_runtime import passphrase
from tearline_runtime.files import read_if_present

FILE_NAME = "node.toml"
MAX_CONFIG_BYTES = 64 << 10  # a few dozen lines; a larger file is another file


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
        traces: Address of a collector of traces, or empty.
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
        syslog: ``host:port`` of the receiver of the audit, or empty.
        syslog_ca: File with the issuers of its certificate, or None.
        syslog_certificate: File with the node's certificate there, or None.
        syslog_key: File with the private key of that certificate, or None.
        taxii: ``host:port`` of the TAXII server, or empty.
        taxii_certificate: File with its TLS certificate, or None.
        taxii_key: File with the private key of that certificate, or None.
        recall: Handling of partners' recalls: erase, or ask.
        scanner: Socket or ``host:port`` of clamd, or empty.
        scanner_timeout_s: Seconds to wait for it.
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
    traces: str
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
    syslog: str
    syslog_ca: Path | None
    syslog_certificate: Path | None
    syslog_key: Path | None
    taxii: str
    taxii_certificate: Path | None
    taxii_key: Path | None
    recall: str
    scanner: str
    scanner_timeout_s: int
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

    home = parse_path(outside["home"][1]) if "home" in outside else DEFAULT_HOME
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
