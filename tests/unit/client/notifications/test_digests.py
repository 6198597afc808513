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
from support.syslog_receivers import certified
from tearline.errors import FileExposed, SettingInvalid
from tearline_client.notifications import channels, digests, mail
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
        ('user = "tearline"', 'user = "señal"'),
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


def test_a_passphrase_that_no_login_by_mail_can_have_is_refused(folder: Path) -> None:
    (folder / "smtp.pass").write_text("contraseña", encoding="utf-8")
    with pytest.raises(SettingInvalid, match=r"mail\.passphrase_file: .*ASCII"):
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


class Talker(threading.Thread):
    """A peer under TLS: it answers each line with a text, or without an end."""

    def __init__(self, folder: Path, greeting: bytes, answers: dict[bytes, bytes]) -> None:
        super().__init__(daemon=True)
        certificate, key = certified(folder)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._greeting, self._answers = greeting, answers
        self._default = b"250 ok\r\n" if greeting else b""  # a webhook answers at the blank line
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.issuer = certificate.name
        self.start()

    def run(self) -> None:
        plain, _ = self._listening.accept()
        with suppress(OSError), self._context.wrap_socket(plain, server_side=True) as secured:
            secured.settimeout(20)
            secured.sendall(self._greeting)
            is_mail = False
            for line in secured.makefile("rb"):
                if is_mail and line != b".\r\n":
                    continue
                word = line.split(b" ")[0].strip().upper()
                is_mail = word == b"DATA"
                answer = self._answers.get(word, self._default)
                while answer.endswith(ENDLESS):
                    secured.sendall(answer.removesuffix(ENDLESS))
                secured.sendall(answer)

    def close(self) -> None:
        self._listening.close()
        self.join(20)


ENDLESS = b"(and so on)"
MAILS = {
    b"EHLO": b"250-talker\r\n250 AUTH LOGIN PLAIN\r\n",
    b"AUTH": b"235 welcome\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
    b"": b"",
}


@pytest.fixture
def talker(folder: Path) -> Iterator[Callable[..., Talker]]:
    made: list[Talker] = []

    def make(greeting: bytes, answers: dict[bytes, bytes]) -> Talker:
        made.append(Talker(folder, greeting, answers))
        return made[-1]

    yield make
    for each in made:
        each.close()


def mail_to(talker: Talker, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(mail, "TLS_PORT", talker.port)
    text = f'ca = "{talker.issuer}"\n' + FILE.replace(
        "smtp.agency.example:587", f"localhost:{talker.port}"
    )
    return read(folder, text)[0]


@pytest.mark.parametrize(
    ("name", "answer", "told"),
    [
        ("EHLO", b"250-more\r\n" + ENDLESS, "ended the connection, or did not answer in time"),
        ("EHLO", b"250 talker\r\n", "cannot be used: SMTP AUTH extension not supported"),
        ("EHLO", b"250-talker\r\n250 AUTH GSSAPI\r\n", "offers no login"),
        ("AUTH", b"334 abc\r\n", "answers to the login are malformed"),
        ("AUTH", b"garbage\r\n", "refused the login (-1)"),
        ("MAIL", b"550 no\r\nBcc: x\r\n", "refused the sender's address (550)"),
        ("DATA", b"", "ended the connection, or did not answer in time"),
    ],
)
def test_a_mail_server_that_answers_anything_is_a_fault_of_the_delivery(
    folder: Path,
    talker: Callable[..., Talker],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    answer: bytes,
    told: str,
) -> None:
    monkeypatch.setattr(mail, "TIMEOUT_S", 5.0 if name == "DATA" else 20.0)
    server = talker(b"220 talker\r\n", {**MAILS, name.encode(): answer})
    fault = mail_to(server, folder, monkeypatch).send(News(new=1, last=1), NOW_S)
    assert told in fault


def test_a_greeting_before_tls_is_bounded(folder: Path) -> None:
    listening = socket.create_server(("127.0.0.1", 0))

    def greet() -> None:
        with listening.accept()[0] as connection, suppress(OSError):
            while True:
                connection.sendall(b"220-welcome\r\n")

    greeting = threading.Thread(target=greet, daemon=True)
    greeting.start()
    port = listening.getsockname()[1]
    channel = read(folder, FILE.replace("smtp.agency.example:587", f"127.0.0.1:{port}"))[0]
    fault = channel.send(News(new=1, last=1), NOW_S)
    assert fault == "the mail server ended the connection, or did not answer in time"
    greeting.join(20)
    assert not greeting.is_alive()
    listening.close()


@pytest.mark.parametrize("farewell", [b"421 too many\r\n", b"250 bye\r\n", b"?\r\n", b""])
def test_a_mail_that_was_taken_is_not_sent_again_whatever_the_farewell(
    folder: Path, talker: Callable[..., Talker], monkeypatch: pytest.MonkeyPatch, farewell: bytes
) -> None:
    monkeypatch.setattr(mail, "TIMEOUT_S", 20.0 if farewell else 5.0)
    server = talker(b"220 talker\r\n", {**MAILS, b"QUIT": farewell})
    assert mail_to(server, folder, monkeypatch).send(News(new=1, last=1), NOW_S) == ""


@pytest.mark.parametrize("endless", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: "])
def test_a_webhook_that_answers_without_an_end_is_a_fault(
    folder: Path, talker: Callable[..., Talker], endless: bytes
) -> None:
    server = talker(b"", {b"": endless + ENDLESS})
    text = f'ca = "{server.issuer}"\n' + FILE.replace("hooks.agency.example", "localhost").replace(
        "localhost/", f"localhost:{server.port}/"
    )
    fault = read(folder, text)[-1].send(News(new=1, last=1), NOW_S)
    assert fault.startswith("the webhook was not reached (")


def test_a_webhook_that_drips_holds_no_thread_for_long(
    folder: Path, talker: Callable[..., Talker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "DEADLINE_S", 0.0)
    server = talker(b"", {b"": b"HTTP/1.1 200"})
    text = f'ca = "{server.issuer}"\n' + FILE.replace("hooks.agency.example", "localhost").replace(
        "localhost/", f"localhost:{server.port}/"
    )
    fault = read(folder, text)[-1].send(News(new=1, last=1), NOW_S)
    assert fault == "the webhook was not reached (its answer does not end)"


async def test_receivers_that_hang_leave_the_threads_of_the_node_free(
    store: NotificationStore,
) -> None:
    end = threading.Event()

    class Hanging(Recorded):
        def send(self, news: News, now_s: int) -> str:
            end.wait(60)
            return ""

    tasks = []
    for number in range(64):
        hanging = Hanging(id=bytes([number]) * 32)
        store.begin(hanging.id)
        tasks.append(asyncio.create_task(serve_channel(store, hanging, print, lambda: 0)))
    tell(store, "alarm")
    try:
        await asyncio.sleep(0)
        assert await asyncio.wait_for(asyncio.to_thread(lambda: 7), 20) == 7
    finally:
        end.set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
