"""Every setting of a node: its name, its values, and its default."""

from collections.abc import Callable
from pathlib import Path

from tearline.dataclass.immutable import immutable
from tearline.encoding import parse_decimal
from tearline.errors import MalformedInput
from tearline_runtime.collectors import parse_collector
from tearline_runtime.peers import is_host

DEFAULT_HOME = Path("~/.tearline").expanduser()
"""The home of a node that names none."""
MAX_TIMEOUT_S = 3600  # a command that waits an hour for an answer will not get one
MAX_PORT = 65535
MAX_ADDRESSES = 16  # more processes than one database can use


def parse_path(text: str) -> Path:
    """Returns a path; ``~`` is the home directory of the account."""
    return Path(text).expanduser()


def _timeout(text: str) -> int:
    seconds = parse_decimal(text, maximum=MAX_TIMEOUT_S)
    if not seconds:
        raise MalformedInput("expected at least one second")
    return seconds


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not is_host(host) or not parse_decimal(port, maximum=MAX_PORT):
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


def _scanner(text: str) -> str:
    return text if text.startswith("/") else _address(text)


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
        parse=parse_path,
        default=DEFAULT_HOME,
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
        name="traces",
        parse=parse_collector,
        default="",
        meaning="https://host:port/v1/traces of an OpenTelemetry collector, to which `tearline "
        "node run` and `tearline console` send traces; needs the extra otel; none by default",
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
        parse=parse_path,
        default=None,
        meaning="PEM file with the console's TLS certificate and those of its issuers; required "
        "where other machines reach the console",
    ),
    Setting(
        name="console_key",
        parse=parse_path,
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
        parse=parse_path,
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
        parse=parse_path,
        default=None,
        meaning="PEM file with the certificates that issue the provider's; by default those of "
        "the machine",
    ),
    Setting(
        name="notices",
        parse=parse_path,
        default=None,
        meaning="TOML file with the persons and the program that `tearline node run` and `tearline "
        "console` tell how many notices are new, by mail or a webhook",
    ),
    Setting(
        name="syslog",
        parse=str,
        default="",
        meaning="host:port of a syslog receiver with TLS (an IPv6 address in brackets), to which a "
        "running node sends its own access log as OCSF events; 6514 without a port",
    ),
    Setting(
        name="syslog_ca",
        parse=parse_path,
        default=None,
        meaning="PEM file with the certificates that issue the syslog receiver's; by default those "
        "of the machine",
    ),
    Setting(
        name="syslog_certificate",
        parse=parse_path,
        default=None,
        meaning="PEM file with the node's certificate for the syslog receiver, if it asks for one",
    ),
    Setting(
        name="syslog_key",
        parse=parse_path,
        default=None,
        meaning="PEM file with the private key of that certificate; by default in the same file",
    ),
    Setting(
        name="taxii",
        parse=_address,
        default="",
        meaning="host:port on which `tearline node run` and `tearline console` serve TAXII 2.1 to "
        "service accounts; none by default",
    ),
    Setting(
        name="taxii_certificate",
        parse=parse_path,
        default=None,
        meaning="PEM file with the TAXII server's TLS certificate and those of its issuers; "
        "required where other machines reach it",
    ),
    Setting(
        name="taxii_key",
        parse=parse_path,
        default=None,
        meaning="PEM file with the private key of that certificate",
    ),
    Setting(
        name="recall",
        parse=_recall,
        default="erase",
        meaning="handling of partners' recalls: erase (at once), or ask (a person, before the "
        "deadline)",
    ),
    Setting(
        name="scanner",
        parse=_scanner,
        default="",
        meaning="clamd that judges each document before it is saved or shown: the absolute path of "
        "its Unix socket, or host:port; none by default",
    ),
    Setting(
        name="scanner_timeout_s",
        parse=_timeout,
        default=300,
        meaning="seconds to wait for clamd to take a part of a document, or to answer",
    ),
    Setting(
        name="passphrase_file",
        parse=parse_path,
        default=None,
        meaning="file with the keystore's passphrase in its first line",
        in_file=False,  # the secret that opens the keys is not named beside them
    ),
)
