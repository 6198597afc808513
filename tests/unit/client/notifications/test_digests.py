"""Digests of notices: their number by mail and webhook, signed, under TLS, at a pace."""

import asyncio
import hashlib
import hmac
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from support.paths import ROOT
from tearline.errors import FileExposed, SettingInvalid
from tearline_client.notifications import digests
from tearline_client.notifications.channels import read_channels
from tearline_client.notifications.digests import serve_channel
from tearline_client.notifications.mail import SUBJECTS, TEXTS, MailChannel, MailServer
from tearline_client.notifications.webhook import SIGNATURE, WebhookChannel
from tearline_client.store.database import Database
from tearline_client.store.notifications import EVENTS, News, NotificationStore
from tearline_client.store.vault import Vault

NOW_S = 1_800_000_000
LOCALE = ROOT / "client" / "tearline_client" / "console" / "locale"
FILE = """
console = "https://console.agency.example"

[mail]
server = "smtp.agency.example:587"
sender = "tearline@agency.example"
user = "tearline"
passphrase_file = "smtp.pass"

[[to]]
address = "li@agency.example"
language = "zh"
events = ["request-arrived"]

[[to]]
address = "ana@agency.example"

[webhook]
url = "https://hooks.agency.example/tearline?desk=1"
secret_file = "webhook.key"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, secret in (("smtp.pass", "a passphrase"), ("webhook.key", "k" * 32)):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(f"{secret}\n")
    return tmp_path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[NotificationStore]:
    database = Database(tmp_path / "node.db", Vault(bytes(32)))
    yield NotificationStore(database)
    database.close()


def read(folder: Path, text: str = FILE) -> tuple[Any, ...]:
    (folder / "notices.toml").write_text(text, encoding="utf-8")
    return read_channels(folder / "notices.toml")


def tell(store: NotificationStore, *events: str) -> None:
    with store._db.transaction():
        for event in events:
            store.tell(event, time_ms=NOW_S * 1000, packet=b"\x01" * 32)


@dataclass(kw_only=True)
class Recorded:
    """A channel that notes its digests, and fails as often as a test says."""

    faults: int = 0
    events: tuple[str, ...] = tuple(EVENTS)
    sent: list[News] = field(default_factory=list)
    tries: int = 0
    name: str = "ana@agency.example"
    id: bytes = b"c" * 32
    then: Callable[[], None] = lambda: None

    def send(self, news: News, now_s: int) -> str:
        self.tries += 1
        if self.faults:
            self.faults -= 1
            return "the mail server answered 421"
        self.sent.append(news)
        return ""


class Pauses:
    """The pauses of a channel, which end at once; a test ends the channel at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: dict[int, Callable[[], None]]) -> None:
        self.made: list[float] = []
        self._at = at
        monkeypatch.setattr(digests.asyncio, "sleep", self._sleep)

    async def _sleep(self, pause_s: float) -> None:
        self.made.append(pause_s)
        act = self._at.get(len(self.made))
        if act is None:
            raise asyncio.CancelledError
        act()


async def served(store: NotificationStore, channel: Recorded) -> list[str]:
    said: list[str] = []
    with suppress(asyncio.CancelledError):
        await serve_channel(store, channel, said.append, lambda: NOW_S * 1000)
    return said


async def test_notices_are_counted_and_a_digest_follows_after_a_pause(
    store: NotificationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = Recorded()
    tell(store, "alarm")  # before the channel began
    store.begin(channel.id)
    tell(store, "packet-arrived", "packet-arrived", "request-arrived")
    pauses = Pauses(monkeypatch, {1: lambda: tell(store, "recall", "alarm")})
    await served(store, channel)
    assert [news.new for news in channel.sent] == [3, 2]
    assert pauses.made == [digests.PACE_S] * 2


async def test_only_the_chosen_events_count(
    store: NotificationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = Recorded(events=("recall",))
    store.begin(channel.id)
    tell(store, "packet-arrived", "recall", "alarm")
    Pauses(monkeypatch, {})
    await served(store, channel)
    assert [news.new for news in channel.sent] == [1]


async def test_a_failed_digest_is_retried_ever_more_rarely_and_loses_nothing(
    store: NotificationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = Recorded(faults=6)
    store.begin(channel.id)
    tell(store, "alarm")
    more = {number: lambda: tell(store, "recall") for number in range(1, 7)}
    pauses = Pauses(monkeypatch, more)
    said = await served(store, channel)
    assert pauses.made == [60, 300, 900, 3600, 3600, 3600, digests.PACE_S]
    assert [news.new for news in channel.sent] == [7]
    assert len(said) == 7
    assert said[-1] == "Notices to ana@agency.example: delivered again."
    assert said[0] == (
        "Notices to ana@agency.example: the mail server answered 421. Retrying in 60 s."
    )


async def test_a_digest_that_fails_for_a_day_waits_for_further_notices(
    store: NotificationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = len(digests.RETRY_S) + 1
    channel = Recorded(faults=tries)
    store.begin(channel.id)
    tell(store, "alarm")
    quiet = {number: lambda: None for number in range(1, tries + 10)}
    pauses = Pauses(monkeypatch, {**quiet, tries + 10: lambda: tell(store, "recall")})
    said = await served(store, channel)
    assert sum(pauses.made[:tries]) >= 24 * 3600
    assert pauses.made[tries:] == [*[digests.POLL_S] * 10, digests.PACE_S]
    assert [news.new for news in channel.sent] == [2]
    assert channel.tries == len(said) == tries + 1
    assert said[-2].endswith("Waiting for further notices.")


async def test_a_digest_that_a_killed_node_did_not_deliver_is_delivered_later(
    store: NotificationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = Recorded(faults=1)
    store.begin(channel.id)
    tell(store, "alarm", "recall")
    Pauses(monkeypatch, {})
    await served(store, channel)  # it ends in the pause after the failure
    assert channel.sent == []
    Pauses(monkeypatch, {})
    await served(store, channel)
    assert [news.new for news in channel.sent] == [2]
    Pauses(monkeypatch, {})
    await served(store, channel)
    assert len(channel.sent) == 1


def test_a_mail_is_in_the_reader_s_language_and_holds_a_number_alone(folder: Path) -> None:
    chinese, english, _ = read(folder)
    message = chinese.message(News(new=3, last=41), NOW_S)
    assert message["Subject"] == "Tearline 新通知：3"
    assert message["To"] == "li@agency.example"
    text = message.get_content()
    assert text == f"{TEXTS['zh'].format(new=3)}\n\nhttps://console.agency.example\n"
    assert english.message(News(new=3, last=41), NOW_S)["Subject"] == "New in Tearline: 3"
    again = chinese.message(News(new=3, last=41), NOW_S + 60)
    assert again["Message-ID"] == message["Message-ID"]


def test_mails_have_every_language_of_the_console() -> None:
    languages = {"en", *(path.stem for path in LOCALE.glob("*.po"))}
    assert SUBJECTS.keys() == TEXTS.keys() == languages


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://hooks", "http://hooks"),
        ("https://hooks", "https://ana:word@hooks"),
        ("[[to]]", 'misspelt = "x"\n[[to]]'),
        ('language = "zh"', 'language = "fr"'),
        ('"request-arrived"', '"request-arived"'),
        ("smtp.agency.example:587", "smtp.agency.example"),
        ("smtp.agency.example:587", "smtp..agency.example:587"),
        ("https://hooks.agency.example", "https://hooks..agency.example"),
        ("ana@agency.example", "ana@agency.example\\r\\nBcc: x@y.example"),
        ("[mail]", "[post]"),
        ("ana@agency.example", 'li@agency.example"\nevents = ["request-arrived"]\n#'),
    ],
)
def test_a_file_that_says_something_else_is_refused(folder: Path, old: str, new: str) -> None:
    assert old in FILE
    with pytest.raises(SettingInvalid):
        read(folder, FILE.replace(old, new))


def test_secrets_are_for_their_owner_alone(folder: Path) -> None:
    (folder / "webhook.key").chmod(0o644)
    with pytest.raises(FileExposed):
        read(folder)


def test_a_short_secret_is_refused(folder: Path) -> None:
    (folder / "webhook.key").write_text("short")
    with pytest.raises(SettingInvalid, match="under 32 characters"):
        read(folder)


class PlainMailServer(threading.Thread):
    """A mail server without TLS, which notes what it is told."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.heard = b""

    def run(self) -> None:
        connection, _ = self.listening.accept()
        with connection, suppress(OSError):
            connection.sendall(b"220 plain.example\r\n")
            while line := connection.recv(1024):
                self.heard += line
                if line.upper().startswith(b"EHLO"):
                    connection.sendall(b"250-plain.example\r\n250 AUTH PLAIN LOGIN\r\n")
                else:
                    connection.sendall(b"250 ok\r\n")


def test_without_tls_no_passphrase_and_no_mail_leaves() -> None:
    plain = PlainMailServer()
    plain.start()
    server = MailServer(
        host="127.0.0.1",
        port=plain.port,
        sender="tearline@agency.example",
        user="tearline",
        passphrase="a passphrase",
        trusted=ssl.create_default_context(),
    )
    channel = MailChannel(
        server=server, address="li@agency.example", language="en", events=("alarm",), console=""
    )
    fault = channel.send(News(new=1, last=1), NOW_S)
    plain.join(20)
    plain.listening.close()
    assert fault == ("the mail server cannot be used: STARTTLS extension not supported by server")
    assert plain.heard.upper().split(b"\r\n")[1:] in ([b""], [b"QUIT", b""])


class Hooks(BaseHTTPRequestHandler):
    heard: list[tuple[str, dict[str, str], bytes]]
    status = 204

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.heard.append((self.path, dict(self.headers), body))
        self.send_response(self.status)
        self.send_header("location", "https://elsewhere.example/")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """A webhook of this machine; the test's own connection stands for that under TLS."""
    Hooks.heard, Hooks.status = [], 204
    server = HTTPServer(("127.0.0.1", 0), Hooks)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def plain(
        host: str, port: int, *, timeout: float, context: object
    ) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(host, port, timeout=timeout)

    monkeypatch.setattr(http.client, "HTTPSConnection", plain)
    yield server
    server.shutdown()
    server.server_close()


def webhook(port: int) -> WebhookChannel:
    return WebhookChannel(
        host="127.0.0.1",
        port=port,
        path="/tearline?desk=1",
        secret=b"k" * 32,
        events=("alarm",),
        trusted=ssl.create_default_context(),
    )


def test_a_webhook_gets_a_signed_number(hooks: HTTPServer) -> None:
    assert webhook(hooks.server_port).send(News(new=2, last=7), NOW_S) == ""
    ((path, headers, body),) = Hooks.heard
    assert (path, json.loads(body)) == ("/tearline?desk=1", {"new": 2, "notice": 7})
    expected = hmac.new(b"k" * 32, f"{NOW_S}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers[SIGNATURE] == f"t={NOW_S},v1={expected}"


def test_a_redirection_is_not_followed(hooks: HTTPServer) -> None:
    Hooks.status = 307
    assert webhook(hooks.server_port).send(News(new=2, last=7), NOW_S) == (
        "the webhook answered 307"
    )
    assert len(Hooks.heard) == 1


def test_a_webhook_without_tls_is_told_nothing() -> None:
    plain = PlainMailServer()  # answers in clear
    plain.start()
    fault = webhook(plain.port).send(News(new=1, last=1), NOW_S)
    plain.join(20)
    plain.listening.close()
    assert fault.startswith("the webhook was not reached (")
    assert b"POST" not in plain.heard
