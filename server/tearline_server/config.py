"""Settings of the exchange: ``exchange.toml`` in its home, and the passphrase of its keys.

Unknown names are refused, because a misspelt setting would silently use its default. Secrets are
never settings.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tearline.dataclass.immutable import immutable
from tearline.encoding import parse_decimal
from tearline.errors import (
    ConfigUnreadable,
    KeyMalformed,
    MalformedInput,
    SettingInvalid,
    SettingUnknown,
)
from tearline.identity import AgencyUri, ExchangeUri
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
from tearline.tlog.checkpoint import NoteAlgorithm, VerifierKey, parse_verifier_key
from tearline_runtime import files, passphrase
from tearline_runtime.collectors import parse_collector
from tearline_runtime.file_keys import key_tables
from tearline_runtime.peers import is_host
from tearline_server.settings.blobs import BucketPlace, FolderPlace, parse_blobs

FILE_NAME = "exchange.toml"
KEYS = key_tables("tearline_server", "config_keys.toml")
_MAX_FILE_BYTES = 64 << 10  # a few dozen lines; a larger file is another file
_MAX_PORT = 65535
_PASSPHRASE_FILE = "TEARLINE_PASSPHRASE_FILE"  # noqa: S105 (the name of a variable, not a secret)
_MAX_NUMBER = 1 << 40  # beyond any network or disk
_MAX_QUOTA = 1 << 60  # bytes of large documents: an exbibyte
_TEXTS = ("name", "address", "dns", "listen")
_PORTS = ("http", "metrics")  # plain HTTP; each is opened only if set
_STORE = "store"
_HA = "ha"
_LOG_CALLS = "log_calls"
_SCHEMES = ("postgresql", "postgres")
_SECRETS = ("password", "sslpassword")  # parameters of an address that hold a secret
_WITNESSES = "witnesses"
_BLOBS = "blobs"
_QUOTA = "blob_quota_bytes"
_LABEL = r"[A-Za-z0-9-]{1,63}"
_URL = re.compile(
    rf"https?://(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:.]+\])(?::([0-9]{{1,5}}))?(?:/[^?#\s]+)?",
    re.ASCII,
)
_NUMBERS = {
    "node_statements_s": NODE_STATEMENTS_S,
    "node_bytes_s": NODE_BYTES_S,
    "agency_entries_day": AGENCY_ENTRIES_DAY,
    "agency_bytes_day": AGENCY_BYTES_DAY,
    "mailbox_statements": MAILBOX_STATEMENTS,
    "mailbox_bytes": MAILBOX_BYTES,
    "blob_bytes": BLOB_BYTES,
}


@immutable
class Witness:
    """External witness, which the exchange asks for cosignatures.

    Attributes:
        url: Its submission prefix, without a trailing slash.
        key: The key by which it cosigns.
    """

    url: str
    key: VerifierKey


@immutable
class Config:
    """Settings of an exchange.

    Attributes:
        home: Its home directory.
        name: Its trust domain, for example ``exchange.example``.
        address: host:port at which nodes reach it.
        dns: The one DNS name in its certificate.
        listen: host:port that it listens on.
        http: host:port of the monitoring port, or None for none.
        metrics: host:port of the metrics, or None for none.
        traces: Address of a collector of traces, or empty.
        store: Address of a PostgreSQL database, or None for the file in the home.
        ha: Whether that database must replicate all data to a second server.
        log_calls: Logs one of this many calls; 0 for none.
        witnesses: External witnesses that are asked to cosign.
        node_statements_s: Statements a second that one node may publish.
        node_bytes_s: Bytes a second that one node may publish.
        agency_entries_day: Entries of the log that one agency may add in a day.
        agency_bytes_day: Bytes that it may have the exchange keep in a day.
        mailbox_statements: Statements of one agency that may wait for one node.
        mailbox_bytes: Bytes of one agency that may wait for one node.
        blob_bytes: Bytes of large documents of one agency.
        blob_quota_bytes: Bytes that their place holds, or None if its disk is the only bound.
        blobs: Place of large documents beside a PostgreSQL database, or None for none.
    """

    home: Path
    name: str
    address: str
    dns: str
    listen: str
    http: str | None
    metrics: str | None
    traces: str
    store: str | None
    ha: bool
    log_calls: int
    witnesses: tuple[Witness, ...]
    node_statements_s: int
    node_bytes_s: int
    agency_entries_day: int
    agency_bytes_day: int
    mailbox_statements: int
    mailbox_bytes: int
    blob_bytes: int
    blob_quota_bytes: int | None
    blobs: FolderPlace | BucketPlace | None

    @property
    def uri(self) -> ExchangeUri:
        """Returns the exchange's URI."""
        return ExchangeUri(trust_domain=self.name)

    @property
    def origin(self) -> str:
        """Returns the log's name, which never changes."""
        return f"{self.name}/log"

    @property
    def keys(self) -> Path:
        """Returns the path of the private keys."""
        return self.home / "exchange.keys"

    @property
    def prepared_keys(self) -> Path:
        """Returns the path of keys for which the council may decide."""
        return self.home / "exchange.keys.next"

    @property
    def prepared_enrolment(self) -> Path:
        """Returns the path of the file about them for the council."""
        return self.home / "exchange-next.enrolment"

    @property
    def database(self) -> Path:
        """Returns the path of the database, unless ``store`` names another."""
        return self.home / "exchange.db"

    @property
    def moved(self) -> Path:
        """Returns the path to which that file is renamed after a move."""
        return self.home / "exchange.db.moved"

    @property
    def enrolment(self) -> Path:
        """Returns the path of the file for the agencies."""
        return self.home / "exchange.enrolment"


def config_of(home: Path, values: Mapping[str, object]) -> Config:
    """Returns the settings from a table of names and values.

    Raises:
        SettingUnknown: If a name is not a setting.
        SettingInvalid: If a value is missing or of the wrong kind.
    """
    if unknown := KEYS["file"].unknown(values):
        raise SettingUnknown(f"{unknown[0]!r} in {home / FILE_NAME}")
    return Config(
        home=home,
        name=_domain("name", values),
        dns=_domain("dns", values),
        address=parse_address("address", values.get("address")),
        listen=parse_address("listen", values.get("listen", values.get("address"))),
        http=_port("http", values),
        metrics=_port("metrics", values),
        traces=_traces(values.get("traces", "")),
        store=parse_store(values[_STORE]) if _STORE in values else None,
        ha=_ha(values),
        log_calls=_log_calls(values),
        witnesses=_witnesses(values.get(_WITNESSES, [])),
        blob_quota_bytes=_number(_QUOTA, values, _MAX_QUOTA) if _QUOTA in values else None,
        blobs=parse_blobs(home, values[_BLOBS]) if _BLOBS in values else None,
        **{name: _number(name, values) for name in _NUMBERS},
    )


def load_config(home: Path) -> Config:
    """Returns the settings of the exchange in ``home``.

    Raises:
        ConfigUnreadable: If there is no such file, or it is not TOML.
        SettingUnknown: If a name is not a setting.
        SettingInvalid: If a value is missing or of the wrong kind.
    """
    path = home / FILE_NAME
    data = files.read_bounded(path, _MAX_FILE_BYTES)
    try:
        values = tomllib.loads(data.decode("utf-8-sig"))
    except ValueError as error:  # not UTF-8, or not TOML
        raise ConfigUnreadable(f"{path}: {error}") from None
    return config_of(home, values)


def write_config(config: Config) -> None:
    """Writes a new ``exchange.toml``.

    Raises:
        ConfigUnreadable: If it exists already, or cannot be written.
    """
    chosen = (name for name in (*_PORTS, _STORE) if getattr(config, name) is not None)
    names = (*_TEXTS, *chosen)
    lines = [f'{name} = "{getattr(config, name)}"\n' for name in names]
    lines += ["ha = true\n"] if config.ha else []
    write_new(config.home / FILE_NAME, "".join(lines))


def write_new(path: Path, text: str) -> None:
    """Creates a file with a text; leaves no file after a failure.

    Raises:
        ConfigUnreadable: If it exists already, or cannot be written.
    """
    with files.reported_as(ConfigUnreadable, path):
        files.write_new(path, text.encode(), mode=files.UMASK)


def read_passphrase(
    file: Path | None, environment: Mapping[str, str] = os.environ, *, twice: bool = False
) -> bytes:
    """Returns the passphrase of the keys, as UTF-8 in Unicode form NFC.

    Sources, in order: ``file``, the file named by ``TEARLINE_PASSPHRASE_FILE``,
    ``TEARLINE_PASSPHRASE``, a prompt.

    Args:
        file: A file with the passphrase in its first line, or None.
        environment: The environment variables.
        twice: Whether the prompt asks twice, for a new passphrase.

    Raises:
        PassphraseMissing: If there is none, it is empty, or the two entries differ.
        ConfigUnreadable: If the file cannot be read, or is not UTF-8.
        FileExposed: If users other than its owner may read or write the file.
    """
    if file is None and environment.get(_PASSPHRASE_FILE):
        file = Path(environment[_PASSPHRASE_FILE])
    return passphrase.read_passphrase(file, environment.get(passphrase.VARIABLE), twice=twice)


def _domain(name: str, values: Mapping[str, object]) -> str:
    value = values.get(name)
    if not isinstance(value, str):
        raise SettingInvalid(f"{name}: text was expected")
    try:
        return AgencyUri(trust_domain=value).trust_domain
    except MalformedInput as error:
        raise SettingInvalid(f"{name}: {error.why}") from None


def parse_address(name: str, value: object) -> str:
    """Returns an address, a host and a port with a colon between, once verified.

    Args:
        name: Name of the setting, for the error.
        value: The value.

    Raises:
        SettingInvalid: If it is not such an address.
    """
    if not isinstance(value, str):
        raise SettingInvalid(f"{name}: host:port was expected")
    host, _, port = value.rpartition(":")
    if not is_host(host) or '"' in host or "\\" in host:
        raise SettingInvalid(f"{name}: host:port was expected")
    try:
        parse_decimal(port, maximum=_MAX_PORT)
    except MalformedInput as error:
        raise SettingInvalid(f"{name}: {error.why}") from None
    return value


def parse_store(value: object) -> str:
    """Returns the address of a PostgreSQL database, once verified to hold no secret.

    Raises:
        SettingInvalid: If it is not such an address, or holds a secret.
    """
    if not isinstance(value, str) or not value.isprintable() or '"' in value or "\\" in value:
        raise SettingInvalid("store: postgresql://… was expected")
    try:
        parts = urlsplit(value)
        names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
        _verify_ports(parts.netloc)
        secret = parts.password is not None or any(name in _SECRETS for name in names)
    except ValueError:
        raise SettingInvalid("store: postgresql://… was expected") from None
    if parts.scheme not in _SCHEMES:
        raise SettingInvalid("store: postgresql://… was expected")
    if secret:
        raise SettingInvalid("store: an address must not contain a password; use a passfile")
    return value


def _verify_ports(netloc: str) -> None:
    """Checks the ports of all hosts in an address.

    Raises:
        ValueError: If one is invalid.
    """
    for host in netloc.rpartition("@")[2].split(","):
        _, colon, port = host.rpartition("]")[2].rpartition(":")
        if colon and port and not 0 < int(port) <= _MAX_PORT:
            raise ValueError(port)


def _ha(values: Mapping[str, object]) -> bool:
    value = values.get(_HA, False)
    if not isinstance(value, bool):
        raise SettingInvalid("ha: true or false was expected")
    if value and _STORE not in values:
        raise SettingInvalid("ha: a file has no standby; name a PostgreSQL database in store")
    return value


def _log_calls(values: Mapping[str, object]) -> int:
    value = values.get(_LOG_CALLS, 1)
    if type(value) is not int or not 0 <= value <= _MAX_NUMBER:
        raise SettingInvalid(f"{_LOG_CALLS}: expected 0, or N to log one of N calls")
    return value


def _witnesses(tables: object) -> tuple[Witness, ...]:
    if not isinstance(tables, list) or len(tables) > MAX_WITNESSES:
        raise SettingInvalid(f"witnesses: at most {MAX_WITNESSES} tables were expected")
    witnesses = tuple(map(_witness, tables))
    if len({witness.key.name for witness in witnesses}) != len(witnesses):
        raise SettingInvalid("witnesses: two have the same name")
    return witnesses


def _witness(table: object) -> Witness:
    match table:
        case {"url": str(url), "key": str(text), **more} if not more:
            url = url.rstrip("/")
        case _:
            raise SettingInvalid("witnesses: each has exactly a url and a key, both text")
    found = _URL.fullmatch(url)
    if found is None or not url.isascii() or int(found[1] or 1) > _MAX_PORT:
        raise SettingInvalid(f"witnesses: {url!r} is not an https or http submission prefix")
    try:
        key = parse_verifier_key(text)
    except KeyMalformed as error:
        raise SettingInvalid(f"witnesses: the key for {url}: {error.why}") from None
    # Names of nodes have a scheme; a witness must not be mistaken for an agency's node.
    if key.algorithm is not NoteAlgorithm.MLDSA44 or "://" in key.name:
        raise SettingInvalid(f"witnesses: the key for {url} is not a witness key of ML-DSA-44")
    return Witness(url=url, key=key)


def _port(name: str, values: Mapping[str, object]) -> str | None:
    return parse_address(name, values[name]) if name in values else None


def _traces(value: object) -> str:
    if not isinstance(value, str):
        raise SettingInvalid("traces: a text was expected")
    try:
        return parse_collector(value)
    except MalformedInput as error:
        raise SettingInvalid(f"traces: {error.why}") from None


def _number(name: str, values: Mapping[str, object], most: int = _MAX_NUMBER) -> int:
    value = values.get(name, _NUMBERS.get(name))
    if type(value) is not int or not 0 < value <= most:
        raise SettingInvalid(f"{name}: a whole number above zero was expected")
    return value
