"""WebAuthn: what the console asks of authenticators, and how it verifies their answers.

The console is the relying party under the host of its origin, for example ``localhost``. Every
answer must come from a page of exactly that origin, with a person who was verified by a PIN, a
fingerprint or a face.
"""

import ipaddress
import json
import struct
from collections.abc import Callable, Iterable
from typing import TypeVar
from urllib.parse import urlsplit

from fido2.cose import ES256, RS256, EdDSA
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    CollectedClientData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from tearline.dataclass.immutable import immutable
from tearline.errors import PasskeyRefused
from tearline.limits import MAX_PASSKEY_BYTES
from tearline_client.persons.passkeys import Passkey

_ALGORITHMS = (ES256.ALGORITHM, EdDSA.ALGORITHM, RS256.ALGORITHM)
_REQUIRED = UserVerificationRequirement.REQUIRED
_CREATED = ("clientDataJSON", "attestationObject")
_GIVEN = ("clientDataJSON", "authenticatorData", "signature", "userHandle")
# The library also asserts some members of an answer.
_MALFORMED = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    struct.error,
    RecursionError,
)
_Answer = TypeVar("_Answer")


@immutable
class Credential:
    """A new credential, as verified.

    Attributes:
        id: Its id.
        key: Id and public key, as WebAuthn encodes both.
        count: Its counter.
    """

    id: bytes
    key: bytes
    count: int


@immutable
class Assertion:
    """An answer of an authenticator, not verified yet.

    Attributes:
        handle: The handle of the person, as the authenticator has it; may be empty.
        credential_id: The id of the credential.
        challenge: The challenge that it answers.
        response: The answer itself.
    """

    handle: bytes
    credential_id: bytes
    challenge: bytes
    response: AuthenticationResponse


class RelyingParty:
    """The console as authenticators know it.

    Args:
        origin: The origin of its pages, with a host that is no IP address.
        agency: Short name of the agency.
    """

    def __init__(self, origin: str, agency: str) -> None:
        self._origin = origin
        self._agency = agency
        host = urlsplit(origin).hostname or ""
        entity = PublicKeyCredentialRpEntity(id=host, name=f"Tearline {agency}")
        self._server = Fido2Server(
            entity,
            attestation=AttestationConveyancePreference.NONE,
            verify_origin=lambda stated: stated == origin,
        )
        self._server.allowed_algorithms = [
            PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=algorithm)
            for algorithm in _ALGORITHMS
        ]

    def creation(self, name: str, handle: bytes, owned: Iterable[Passkey], challenge: bytes) -> str:
        """Returns the options to create a passkey of a person, as JSON for the browser."""
        label = f"{name} ({self._agency})"
        options, _ = self._server.register_begin(
            PublicKeyCredentialUserEntity(id=handle, name=label, display_name=label),
            [_descriptor(each) for each in owned],
            resident_key_requirement=ResidentKeyRequirement.REQUIRED,
            user_verification=_REQUIRED,
            challenge=challenge,
        )
        return json.dumps(dict(options)["publicKey"])

    def request(self, owned: Iterable[Passkey], challenge: bytes) -> str:
        """Returns the options to use a passkey, as JSON for the browser.

        Args:
            owned: The passkeys that may answer; none: any that the authenticator has for here.
            challenge: The challenge.
        """
        options, _ = self._server.authenticate_begin(
            [_descriptor(each) for each in owned] or None,
            user_verification=_REQUIRED,
            challenge=challenge,
        )
        return json.dumps(dict(options)["publicKey"])

    def created(self, text: str, verify: Callable[[bytes], None]) -> Credential:
        """Verifies the answer to ``creation``, and returns the credential.

        Args:
            text: The browser's answer, JSON.
            verify: Raises an error unless a challenge is a living one.

        Raises:
            PasskeyRefused: If the answer does not verify.
        """

        def complete() -> Credential:
            response = RegistrationResponse.from_dict(_answer(text, *_CREATED))
            challenge = _verified_frame(response.response.client_data)
            verify(challenge)
            data = self._server.register_complete(_state(challenge), response)
            found = data.credential_data
            if found is None or found.public_key.get(3) not in _ALGORITHMS:
                raise PasskeyRefused("its kind of key is not known")
            return Credential(id=found.credential_id, key=bytes(found), count=data.counter)

        return _parsed(complete)

    def answered(self, text: str) -> Assertion:
        """Returns the answer to ``request``, not verified yet.

        Raises:
            PasskeyRefused: If it is malformed.
        """

        def parse() -> Assertion:
            response = AuthenticationResponse.from_dict(_answer(text, *_GIVEN))
            return Assertion(
                handle=response.response.user_handle or b"",
                credential_id=response.raw_id,
                challenge=_verified_frame(response.response.client_data),
                response=response,
            )

        return _parsed(parse)

    def verify(self, assertion: Assertion, owned: Iterable[Passkey]) -> int:
        """Verifies an answer by the passkeys of one person, and returns its counter.

        The challenge is verified by the caller.

        Raises:
            PasskeyRefused: If none of them gave the answer, for this origin, verifying the person.
        """

        def complete() -> int:
            keys = [AttestedCredentialData(each.key) for each in owned]
            state = _state(assertion.challenge)
            self._server.authenticate_complete(state, keys, assertion.response)
            return assertion.response.response.authenticator_data.counter

        return _parsed(complete)


def relying_party(origin: str, agency: str) -> RelyingParty | None:
    """Returns the relying party of an origin, or None if its host is an IP address.

    Browsers have no passkeys for IP addresses.
    """
    try:
        ipaddress.ip_address(urlsplit(origin).hostname or "")
    except ValueError:
        return RelyingParty(origin, agency)
    return None


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=passkey.id)


def _state(challenge: bytes) -> dict[str, object]:
    return {"challenge": websafe_encode(challenge), "user_verification": _REQUIRED}


def _answer(text: str, *members: str) -> dict[str, object]:
    """Returns an answer with members of its response that are all texts.

    The library takes values of other types here and there, and passes them on.
    """
    if len(text) > MAX_PASSKEY_BYTES:
        raise PasskeyRefused
    match json.loads(text):
        case {"type": "public-key", "id": str(stated), "rawId": str(raw), "response": dict(given)}:
            found = {each: given[each] for each in members if given.get(each) is not None}
            if not all(isinstance(value, str) for value in found.values()):
                raise PasskeyRefused
            return {"type": "public-key", "id": stated, "rawId": raw, "response": found}
        case _:
            raise PasskeyRefused


def _verified_frame(data: CollectedClientData) -> bytes:
    """Returns the challenge of an answer that comes from no frame of another site's page."""
    if data.cross_origin is not False or not isinstance(data.challenge, bytes):
        raise PasskeyRefused
    return data.challenge


def _parsed(read: Callable[[], _Answer]) -> _Answer:
    """Returns the outcome of a reader of untrusted data; every fault in it is one refusal."""
    try:
        return read()
    except _MALFORMED:
        raise PasskeyRefused from None
