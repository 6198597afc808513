"""An authenticator in software: it creates passkeys and signs with them, and obeys a test."""

import hashlib
import html
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from unit.client.console.browsers import ORIGIN, Browser, csrf_of

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def options_of(text: str) -> dict[str, object]:
    """The options on a page that asks for a passkey."""
    found = re.search(r'data-options="([^"]+)"', text)
    assert found is not None, text
    read = json.loads(html.unescape(found[1]))
    assert isinstance(read, dict)
    return read


@dataclass(kw_only=True)
class Authenticator:
    """One credential, on a machine of a person or of an attacker.

    Attributes:
        origin: The origin that the browser states.
        rp_id: The relying party that the authenticator signs for; empty: the one of the options.
        flags: Presence and verification of the person.
        count: Its counter; 0 and ``counts`` false: none.
        counts: Whether it counts its signatures.
        handle: The handle of the person, from the creation.
        frame: What the browser states of a frame, in place of the truth.
        gives_key: Whether it gives the key of a new credential.
    """

    origin: str = ORIGIN
    rp_id: str = ""
    flags: int = PRESENT | VERIFIED
    count: int = 0
    counts: bool = True
    handle: bytes = b""
    frame: Mapping[str, object] = field(default_factory=dict)
    gives_key: bool = True
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def create(self, options: Mapping[str, object]) -> str:
        """The answer to a request for a new passkey."""
        user, party = options["user"], options["rp"]
        assert isinstance(user, dict)
        assert isinstance(party, dict)
        self.handle = websafe_decode(user["id"])
        credential = AttestedCredentialData.create(
            Aaguid.NONE, self.id, ES256.from_cryptography_key(self.key.public_key())
        )
        flags = self.flags | (ATTESTED if self.gives_key else 0)
        data = AuthenticatorData.create(
            self._hash(str(party["id"])),
            flags,
            self._next(),
            credential if self.gives_key else b"",
        )
        client = self._client(CollectedClientData.TYPE.CREATE, options)
        attested = AttestationObject.create("none", data, {})
        return self._answer(
            {
                "clientDataJSON": websafe_encode(client),
                "attestationObject": websafe_encode(bytes(attested)),
            }
        )

    def get(self, options: Mapping[str, object]) -> str:
        """The answer to a request for a signature."""
        data = AuthenticatorData.create(self._hash(str(options["rpId"])), self.flags, self._next())
        client = self._client(CollectedClientData.TYPE.GET, options)
        signed = bytes(data) + hashlib.sha256(client).digest()
        return self._answer(
            {
                "clientDataJSON": websafe_encode(client),
                "authenticatorData": websafe_encode(bytes(data)),
                "signature": websafe_encode(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
                "userHandle": websafe_encode(self.handle),
            }
        )

    def _next(self) -> int:
        self.count += self.counts
        return self.count

    def _hash(self, rp_id: str) -> bytes:
        return hashlib.sha256((self.rp_id or rp_id).encode()).digest()

    def _client(self, kind: str, options: Mapping[str, object]) -> bytes:
        challenge = str(options["challenge"])
        stated = {"type": kind, "challenge": challenge, "origin": self.origin}
        return json.dumps({**stated, "crossOrigin": False, **self.frame}).encode()

    def _answer(self, response: Mapping[str, object]) -> str:
        return json.dumps(
            {
                "id": websafe_encode(self.id),
                "rawId": websafe_encode(self.id),
                "type": "public-key",
                "clientExtensionResults": {},
                "response": response,
            }
        )


async def enrolled(
    browser: Browser, name: str, code: str, held: Authenticator, label: str = "laptop"
) -> str:
    """Enrols a passkey by a code; returns the address to which the console leads then."""
    page = await browser.post("/enrol", {"name": name, "code": code})
    assert page.status_code == 200, page.text
    values = {
        "name": name,
        "code": code,
        "label": label,
        "created": held.create(options_of(page.text)),
    }
    reply = await browser.post("/enrol", values)
    assert reply.status_code == 303, reply.text
    return reply.headers["location"]


async def signed_in_by(browser: Browser, held: Authenticator) -> bool:
    """Tries to sign in with a passkey; returns whether the console took it."""
    page = await browser.get("/sign-in")
    reply = await browser.post("/sign-in", {"passkey": held.get(options_of(page.text))})
    if reply.status_code != 303:
        assert reply.status_code == 403
        assert "TL-TLS-014" in reply.text
        assert "set-cookie" not in reply.headers
    return reply.status_code == 303


async def added(browser: Browser, held: Authenticator, label: str) -> int:
    """Adds a passkey of the signed-in person; returns the status."""
    page = await browser.get("/passkeys")
    values = {
        "csrf": csrf_of(page.text),
        "act": "add",
        "label": label,
        "created": held.create(options_of(page.text)),
    }
    return (await browser.post("/passkeys", values)).status_code
