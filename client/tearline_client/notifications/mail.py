"""Digests by mail: over TLS alone, in the language of their reader."""

import hashlib
import smtplib
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing, suppress
from email.message import EmailMessage
from email.utils import formatdate

from tearline.dataclass.immutable import immutable
from tearline.encoding import prefixed
from tearline_client.notifications.digests import DEADLINE_S, MAX_ANSWER, TIMEOUT_S
from tearline_client.store.notifications import News
from tearline_runtime.peers import bounded, connection_fault

TLS_PORT = 465
"""The port where TLS begins with the connection; on others, STARTTLS does."""
SUBJECTS: Mapping[str, str] = {
    "en": "New in Tearline: {new}",
    "zh": "Tearline 新通知：{new}",
    "es": "Novedades en Tearline: {new}",
}
TEXTS: Mapping[str, str] = {
    "en": "Notices in Tearline since the last message: {new}. Sign in to read them.",
    "zh": "自上次邮件以来 Tearline 中的新通知数：{new}。请登录查看。",
    "es": "Avisos en Tearline desde el último mensaje: {new}. Inicie sesión para leerlos.",
}
"""Subject and text by language. They hold a number, and no content of any packet."""


class _Smtp(smtplib.SMTP):
    """A connection whose greeting is bounded before TLS, too."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((host, port), timeout)
        made = bounded(socket.socket, DEADLINE_S, MAX_ANSWER)(fileno=plain.detach())
        made.settimeout(timeout)
        return made


@immutable
class MailServer:
    """The agency's mail server.

    Attributes:
        host: Its name, as its certificate has it.
        port: Its port.
        sender: The sender's address.
        user: The name for its login.
        passphrase: The passphrase for its login, or empty: then there is none.
        trusted: Context of TLS.
    """

    host: str
    port: int
    sender: str
    user: str
    passphrase: str
    trusted: ssl.SSLContext

    def connect(self) -> smtplib.SMTP:
        """Returns a connection under TLS.

        Raises:
            OSError: If there is none; ``smtplib.SMTPException`` is one, too.
        """
        if self.port == TLS_PORT:
            return smtplib.SMTP_SSL(
                self.host,
                self.port,
                local_hostname="localhost",
                timeout=TIMEOUT_S,
                context=self.trusted,
            )
        plain = _Smtp(self.host, self.port, local_hostname="localhost", timeout=TIMEOUT_S)
        try:
            plain.starttls(context=self.trusted)  # raises if the server has no TLS
        except BaseException:
            plain.close()
            raise
        return plain


@immutable
class MailChannel:
    """Digests to one person.

    Attributes:
        server: The mail server.
        address: The person's address.
        language: The person's language.
        events: The events that count.
        console: Address of the console, or empty.
    """

    server: MailServer
    address: str
    language: str
    events: tuple[str, ...]
    console: str

    @property
    def name(self) -> str:
        """Returns the address."""
        return self.address

    @property
    def id(self) -> bytes:
        """Returns its id."""
        parts = ("mail", self.address, *self.events)
        return hashlib.sha256(b"".join(prefixed(part.encode()) for part in parts)).digest()

    def message(self, news: News, now_s: int) -> EmailMessage:
        """Returns a digest as a mail; a repeated one has the same id."""
        made = EmailMessage()
        made["From"], made["To"] = self.server.sender, self.address
        made["Subject"] = SUBJECTS[self.language].format(new=news.new)
        made["Date"] = formatdate(now_s)
        digest = hashlib.sha256(self.id + news.last.to_bytes(8, "big")).hexdigest()[:32]
        made["Message-ID"] = f"<{digest}@{self.server.sender.rpartition('@')[2]}>"
        made["Auto-Submitted"] = "auto-generated"
        text = TEXTS[self.language].format(new=news.new)
        made.set_content(f"{text}\n\n{self.console}\n" if self.console else f"{text}\n")
        return made

    def send(self, news: News, now_s: int) -> str:
        """Delivers a digest; returns an empty text, or the fault."""
        try:
            with closing(self.server.connect()) as connection:
                if self.server.passphrase:
                    connection.login(self.server.user, self.server.passphrase)
                connection.send_message(self.message(news, now_s))
                with suppress(OSError):  # the server has the mail, whatever it answers now
                    connection.quit()
        except OSError as error:
            return _fault(error)
        except ValueError:  # of a challenge that is no Base64
            return "the mail server's answers to the login are malformed"
        return ""


def _fault(error: OSError) -> str:
    """Returns the reason of a failure without the server's words, which may repeat secrets."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"the mail server refused the login ({error.smtp_code})"
        case smtplib.SMTPSenderRefused():
            return f"the mail server refused the sender's address ({error.smtp_code})"
        case smtplib.SMTPRecipientsRefused():
            codes = ", ".join(sorted({str(code) for code, _ in error.recipients.values()}))
            return f"the mail server refused this address ({codes})"
        case smtplib.SMTPResponseException():
            return f"the mail server answered {error.smtp_code}"
        case smtplib.SMTPServerDisconnected():
            return "the mail server ended the connection, or did not answer in time"
        case smtplib.SMTPNotSupportedError():  # these words are of the library
            return f"the mail server cannot be used: {str(error).rstrip('.')}"
        case smtplib.SMTPException():  # of a login, for which the library has no class
            return "the mail server offers no login that this node can use"
        case _:
            return f"the mail server was not reached ({connection_fault(error)})"
