"""Digests reach a real mail server: after STARTTLS and a login alone, and with a number alone."""

import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from support.federation import free_port
from support.syslog_receivers import certified
from tearline_client.notifications.mail import MailChannel, MailServer
from tearline_client.store.notifications import News

NOW_S = 1_800_000_000


@dataclass
class Post:
    """A mail server: its port, the issuer of its certificate, and the mails that it took."""

    port: int
    issuer: Path
    mails: list[Any] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    def channel(self, passphrase: str, *, host: str = "localhost") -> MailChannel:
        trusted = ssl.create_default_context(cafile=self.issuer)
        server = MailServer(
            host=host,
            port=self.port,
            sender="tearline@agency.example",
            user="tearline",
            passphrase=passphrase,
            trusted=trusted,
        )
        return MailChannel(
            server=server,
            address="li@agency.example",
            language="es",
            events=("alarm",),
            console="https://console.agency.example",
        )

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (the name that it calls)
        self.mails.append((session.ssl is not None, envelope))
        return "250 ok"

    def login(self, server: Any, session: Any, envelope: Any, way: str, given: Any) -> Any:
        self.logins.append((given.login, given.password))
        result = import_module("aiosmtpd.smtp").AuthResult
        return result(success=given.password == b"a passphrase", handled=False)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    try:
        controller = import_module("aiosmtpd.controller").Controller
    except ModuleNotFoundError:
        if os.environ.get("TEARLINE_REQUIRE_ALL") == "1":
            pytest.fail("aiosmtpd is not installed: make test installs it")
        pytest.skip("aiosmtpd is not installed")
    certificate, key = certified(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    made = Post(port=free_port(), issuer=certificate)
    running = controller(
        made,
        hostname="127.0.0.1",
        port=made.port,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=made.login,
    )
    running.start()
    try:
        yield made
    finally:
        running.stop()


def test_a_mail_arrives_after_starttls_and_a_login(post: Post) -> None:
    assert post.channel("a passphrase").send(News(new=3, last=41), NOW_S) == ""
    ((is_secured, envelope),) = post.mails
    assert is_secured
    assert post.logins == [(b"tearline", b"a passphrase")]
    assert (envelope.mail_from, envelope.rcpt_tos) == (
        "tearline@agency.example",
        ["li@agency.example"],
    )
    mail = message_from_bytes(envelope.content, policy=policy.default)
    assert mail["Subject"] == "Novedades en Tearline: 3"
    assert " ".join(mail.get_content().split()) == (
        "Avisos en Tearline desde el último mensaje: 3. Inicie sesión para leerlos."
        " https://console.agency.example"
    )


def test_a_refused_login_is_a_fault_without_the_server_s_words(post: Post) -> None:
    assert post.channel("another").send(News(new=1, last=1), NOW_S) == (
        "the mail server refused the login (535)"
    )
    assert post.mails == []


def test_a_server_of_another_name_gets_no_login(post: Post) -> None:
    fault = post.channel("a passphrase", host="127.0.0.1").send(News(new=1, last=1), NOW_S)
    assert fault.startswith("the mail server was not reached (its certificate is not valid: IP")
    assert (post.mails, post.logins) == ([], [])


def test_a_refused_address_is_told_as_such(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> str:
        return "550 no such person"

    monkeypatch.setattr(post, "handle_RCPT", refuse, raising=False)
    fault = post.channel("a passphrase").send(News(new=1, last=1), NOW_S)
    assert fault == "the mail server refused this address (550)"


def test_a_server_that_ends_the_connection_is_told_as_such(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def end(server: Any, *_: object) -> str:
        server.transport.close()
        return "250 ok"

    monkeypatch.setattr(post, "handle_RCPT", end, raising=False)
    fault = post.channel("a passphrase").send(News(new=1, last=1), NOW_S)
    assert fault == "the mail server ended the connection, or did not answer in time"
