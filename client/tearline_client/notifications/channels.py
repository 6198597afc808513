"""The file of notices: the persons and the program that are told how many notices are new."""

import re
import ssl
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tearline.errors import ConfigUnreadable, SettingInvalid
from tearline.limits import MAX_NOTICE_ADDRESSES
from tearline.text.choices import one_of
from tearline_client.notifications.digests import DEADLINE_S, MAX_ANSWER, Channel
from tearline_client.notifications.mail import TEXTS, MailChannel, MailServer
from tearline_client.notifications.webhook import WebhookChannel
from tearline_client.store.notifications import EVENTS
from tearline_runtime.file_keys import KeyTable, key_tables
from tearline_runtime.files import read_bounded
from tearline_runtime.peers import bounded, is_host, pem_fault

KEYS = key_tables(__package__, "channel_keys.toml")
_MAX_BYTES = 64 << 10
_MAX_SECRET_BYTES = 4096
_LEAST_SECRET = 32
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")


def read_channels(path: Path) -> tuple[Channel, ...]:
    """Returns the channels of the file of notices.

    Raises:
        SettingInvalid: If it is not such a file.
        ConfigUnreadable: If it, or a file that it names, cannot be read.
        FileExposed: If others have access to a secret.
    """
    data = read_bounded(path, _MAX_BYTES)
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except ValueError as error:  # of TOML, or of UTF-8
        raise SettingInvalid(f"{path}: {error}") from None
    return _File(path, table).channels()


class _File:
    """The file, with the place of its faults."""

    def __init__(self, path: Path, table: Mapping[str, Any]) -> None:
        self._path = path
        self._table = table

    def channels(self) -> tuple[Channel, ...]:
        self._require(self._table, KEYS["file"], "")
        trusted, console = self._trusted(), self._text(self._table, "console", "")
        people = self._table.get("to", [])
        if not isinstance(people, list) or not all(isinstance(each, dict) for each in people):
            raise self._invalid("to", "expected tables [[to]]")
        if len(people) > MAX_NOTICE_ADDRESSES:
            raise self._invalid("to", f"more than {MAX_NOTICE_ADDRESSES} addresses")
        found: list[Channel] = []
        if people:
            server = self._server(self._part("mail"), trusted)
            found += self._mails(people, server, console)
        if "webhook" in self._table:
            found.append(self._webhook(self._part("webhook"), trusted))
        if len({each.id for each in found}) != len(found):
            raise self._invalid("to", "an address is there twice, with the same events")
        return tuple(found)

    def _mails(
        self, people: list[dict[str, Any]], server: MailServer, console: str
    ) -> Iterator[Channel]:
        for table in people:
            self._require(table, KEYS["to"], "to")
            language = self._text(table, "language", "en")
            if language not in TEXTS:
                raise self._invalid("to.language", one_of(language, "language", TEXTS))
            yield MailChannel(
                server=server,
                address=self._address(table, "address"),
                language=language,
                events=self._events(table, "to"),
                console=console,
            )

    def _server(self, table: Mapping[str, Any], trusted: ssl.SSLContext) -> MailServer:
        self._require(table, KEYS["mail"], "mail")
        host, _, port = self._text(table, "server").rpartition(":")
        is_port = port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16
        if not is_port or not is_host(host):
            raise self._invalid("mail.server", "expected host:port")
        sender, logs_in = self._address(table, "sender"), "passphrase_file" in table
        user = self._text(table, "user", sender)
        passphrase = self._secret(table, "passphrase_file") if logs_in else ""
        for place, text in (("user", user), ("passphrase_file", passphrase)):
            if not text.isascii():
                raise self._invalid(f"mail.{place}", "a login by mail has ASCII characters only")
        return MailServer(
            host=host,
            port=int(port),
            sender=sender,
            user=user,
            passphrase=passphrase,
            trusted=trusted,
        )

    def _webhook(self, table: Mapping[str, Any], trusted: ssl.SSLContext) -> WebhookChannel:
        self._require(table, KEYS["webhook"], "webhook")
        url = self._text(table, "url")
        try:
            parts = urlsplit(url)
            port = parts.port or 443
        except ValueError:
            raise self._invalid("webhook.url", "expected an address") from None
        is_plain = (
            url.isascii() and url.isprintable() and " " not in url and "@" not in parts.netloc
        )
        if parts.scheme != "https" or not is_host(parts.hostname or "") or not is_plain:
            raise self._invalid(
                "webhook.url", "expected an address such as https://hooks.agency.example/tearline"
            )
        secret = self._secret(table, "secret_file")
        if len(secret) < _LEAST_SECRET:
            raise self._invalid("webhook.secret_file", f"under {_LEAST_SECRET} characters")
        query = f"?{parts.query}" if parts.query else ""
        return WebhookChannel(
            host=str(parts.hostname),
            port=port,
            path=f"{parts.path or '/'}{query}",
            secret=secret.encode(),
            events=self._events(table, "webhook"),
            trusted=trusted,
        )

    def _trusted(self) -> ssl.SSLContext:
        name = self._text(self._table, "ca", "")
        path = self._path.parent / name if name else None
        try:
            context = ssl.create_default_context(cafile=path)
        except OSError as error:  # ssl.SSLError is one, too
            raise ConfigUnreadable(f"{path}: {pem_fault(error)}") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.sslsocket_class = bounded(ssl.SSLSocket, DEADLINE_S, MAX_ANSWER)
        return context

    def _secret(self, table: Mapping[str, Any], name: str) -> str:
        path = self._path.parent / self._text(table, name)
        data = read_bounded(path, _MAX_SECRET_BYTES, is_private=True)
        line = next(iter(data.decode("utf-8", "replace").splitlines()), "").strip()
        if not line:
            raise ConfigUnreadable(f"{path}: expected the secret in the first line")
        return line

    def _events(self, table: Mapping[str, Any], place: str) -> tuple[str, ...]:
        found = table.get("events", [*EVENTS])
        if not isinstance(found, list) or not found:
            raise self._invalid(f"{place}.events", "expected a list of events")
        for each in found:
            if each not in EVENTS:
                raise self._invalid(f"{place}.events", one_of(str(each), "event", EVENTS))
        return tuple(dict.fromkeys(found))

    def _address(self, table: Mapping[str, Any], name: str) -> str:
        text = self._text(table, name)
        if not _ADDRESS.fullmatch(text):
            raise self._invalid(name, "expected a mail address such as li@agency.example")
        return text

    def _part(self, name: str) -> Mapping[str, Any]:
        found = self._table.get(name)
        if not isinstance(found, dict):
            raise self._invalid(name, f"expected a table [{name}]")
        return found

    def _text(self, table: Mapping[str, Any], name: str, default: str | None = None) -> str:
        found = table.get(name, default)
        if not isinstance(found, str) or (default is None and not found):
            raise self._invalid(name, "expected a text")
        return found

    def _require(self, table: Mapping[str, Any], keys: KeyTable, place: str) -> None:
        if unknown := keys.unknown(table):
            raise self._invalid(place, one_of(unknown[0], "key", sorted(keys.names)))
        if missing := keys.missing(table):
            raise self._invalid(place, f"{missing[0]} is missing")

    def _invalid(self, place: str, why: str) -> SettingInvalid:
        return SettingInvalid(f"{self._path}: {place}{': ' if place else ''}{why}")
