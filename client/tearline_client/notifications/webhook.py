"""Digests to a webhook: over HTTPS alone, signed, and without following redirections."""

import hashlib
import hmac
import http.client
import json
import ssl

from tearline.dataclass.immutable import immutable
from tearline.encoding import prefixed
from tearline_client.notifications.digests import TIMEOUT_S
from tearline_client.store.notifications import News
from tearline_runtime.peers import connection_fault

SIGNATURE = "Tearline-Signature"
"""Header with the time and the signature: ``t=SECONDS,v1=HEX``."""


@immutable
class WebhookChannel:
    """Digests to a program.

    Attributes:
        host: Its name, as its certificate has it.
        port: Its port.
        path: The path, with its query.
        secret: Key of the signature.
        events: The events that count.
        trusted: Context of TLS.
    """

    host: str
    port: int
    path: str
    secret: bytes
    events: tuple[str, ...]
    trusted: ssl.SSLContext

    @property
    def name(self) -> str:
        """Returns the host; the path may be a secret."""
        return self.host

    @property
    def id(self) -> bytes:
        """Returns its id."""
        parts = ("webhook", self.host, str(self.port), self.path, *self.events)
        return hashlib.sha256(b"".join(prefixed(part.encode()) for part in parts)).digest()

    def send(self, news: News, now_s: int) -> str:
        """Delivers a digest; returns an empty text, or the fault."""
        body = json.dumps({"new": news.new, "notice": news.last}).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "tearline",
            SIGNATURE: f"t={now_s},v1={signature_of(self.secret, now_s, body)}",
        }
        connection = http.client.HTTPSConnection(
            self.host, self.port, timeout=TIMEOUT_S, context=self.trusted
        )
        try:
            connection.request("POST", self.path, body, headers)
            status = connection.getresponse().status  # the rest of the answer is not read
        except (OSError, http.client.HTTPException) as error:
            return f"the webhook was not reached ({connection_fault(error)})"
        finally:
            connection.close()
        return "" if status // 100 == 2 else f"the webhook answered {status}"


def signature_of(secret: bytes, now_s: int, body: bytes) -> str:
    """Returns the signature of a body at a time: HMAC-SHA-256 over ``SECONDS.BODY``."""
    return hmac.new(secret, f"{now_s}.".encode() + body, hashlib.sha256).hexdigest()
