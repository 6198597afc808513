"""Objects in a bucket of an S3-compatible object store: three requests, and their retries."""

import asyncio
import logging
import os
import re
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from tearline.blobs.parts import PART_BYTES
from tearline.errors import (
    BlobQuotaExceeded,
    ConfigError,
    ConfigUnreadable,
    ObjectsUnreachable,
    SettingInvalid,
)
from tearline_runtime.files import read_bounded, reported_as
from tearline_server.blobs.signature_v4 import Credentials, signed_headers
from tearline_server.settings.blobs import BucketPlace

_log = logging.getLogger(__name__)

_TRIES = 3
_PAUSE_S = 0.2  # before the second try; twice as long before the third
_TIMEOUT_S = 10  # of each step of a request
_CONNECTIONS = 32
_MAX_CREDENTIALS_BYTES = 4096
_MAX_ERROR_BYTES = 4096
_CODE = re.compile(rb"<Code>([A-Za-z0-9]{1,64})</Code>")
_OK, _NOT_FOUND, _FULL = (200, 204), 404, 507
_FULL_CODES = ("QuotaExceeded", "InsufficientCapacity", "XMinioStorageFull")
_DENIED = (401, 403)
_TEMPORARY = (408, 429, 500, 502, 503, 504)


class Bucket:
    """``Objects`` in a bucket.

    Args:
        place: The bucket.
        credentials: Reads the credentials; called again after a refusal, for they may be new.
        clock: The time, Unix milliseconds.

    Raises:
        ConfigUnreadable: If the file of CAs cannot be read.
    """

    def __init__(
        self, place: BucketPlace, credentials: Callable[[], Credentials], clock: Callable[[], int]
    ) -> None:
        self._place = place
        self._read_credentials = credentials
        self._credentials = credentials()
        self._clock = clock
        self._is_well = True
        self._client = httpx.AsyncClient(
            verify=_trust(place.ca),
            timeout=_TIMEOUT_S,
            limits=httpx.Limits(max_connections=_CONNECTIONS),
            trust_env=False,  # no proxy and no password file of the environment
        )

    async def put(self, name: str, data: bytes) -> None:
        """Stores an object, in place of an earlier one; it is durable when the call returns.

        Raises:
            BlobQuotaExceeded: If the store has no space left.
            ObjectsUnreachable: If the store does not answer, or refuses.
        """
        await self._answer("PUT", name, data)

    async def get(self, name: str) -> bytes | None:
        """Returns an object, or None if there is none.

        Raises:
            ObjectsUnreachable: If the store does not answer, or refuses.
        """
        return await self._answer("GET", name)

    async def delete(self, name: str) -> None:
        """Deletes an object, if it is there.

        Raises:
            ObjectsUnreachable: If the store does not answer, or refuses.
        """
        await self._answer("DELETE", name)

    async def _answer(self, method: str, name: str, data: bytes = b"") -> bytes | None:
        """Returns the body of an answer, or None if there is no such object."""
        try:
            found = await self._patiently(method, f"/{self._place.bucket}/{name}", data)
        except ObjectsUnreachable as error:
            if self._is_well:
                _log.error("object store failed", extra={"why": error.why})
            self._is_well = False
            raise
        if not self._is_well:
            _log.info("object store answers again")
        self._is_well = True
        return found

    async def _patiently(self, method: str, path: str, data: bytes) -> bytes | None:
        why = ""
        for tried in range(_TRIES):
            if tried:
                await asyncio.sleep(_PAUSE_S * tried)
            try:
                status, body = await self._ask(method, path, data)
            except httpx.HTTPError as error:
                why = type(error).__name__
                continue
            found = _CODE.search(body) if status not in _OK else None
            code = found[1].decode("ascii") if found else ""
            if status in _OK:
                return body
            if status == _NOT_FOUND and code != "NoSuchBucket" and method != "PUT":
                return None
            if status == _FULL or code in _FULL_CODES:
                raise BlobQuotaExceeded("the object store is full")
            why = f"{method}: status {status} {code}".rstrip()
            if status in _DENIED:
                self._renew_credentials()
            elif status not in _TEMPORARY:
                break
        raise ObjectsUnreachable(why)

    def _renew_credentials(self) -> None:
        try:
            self._credentials = self._read_credentials()
        except ConfigError as error:  # its file is perhaps being replaced
            raise ObjectsUnreachable(error.why) from None

    async def _ask(self, method: str, path: str, data: bytes) -> tuple[int, bytes]:
        host = self._place.endpoint.partition("//")[2]
        headers = signed_headers(
            method,
            host,
            path,
            data,
            credentials=self._credentials,
            region=self._place.region,
            time_s=self._clock() // 1000,
        )
        url = f"{self._place.endpoint}{path}"
        headers["accept-encoding"] = "identity"
        async with self._client.stream(
            method, url, headers=headers, content=data or None
        ) as response:
            most = PART_BYTES if response.status_code in _OK else _MAX_ERROR_BYTES
            body = bytearray()
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > most:  # no object of ours, or a long explanation
                    break
            return response.status_code, bytes(body[:most])

    async def free_bytes(self) -> None:
        """Returns None: an object store does not state its quota."""

    async def close(self) -> None:
        """Ends the connections."""
        await self._client.aclose()


def _trust(ca: Path | None) -> ssl.SSLContext:
    """Returns the trust in the CAs of a file alone, or in the system's."""
    if ca is None:
        return ssl.create_default_context()
    with reported_as(ConfigUnreadable, ca):
        return ssl.create_default_context(cafile=ca)


def read_credentials(
    place: BucketPlace, environment: Mapping[str, str] = os.environ
) -> Credentials:
    """Returns the credentials of a bucket.

    They are the lines of the file that the settings name: key id, secret, perhaps session token.
    Without that file they are ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY`` and
    ``AWS_SESSION_TOKEN`` of the environment.

    Raises:
        SettingInvalid: If there are none.
        ConfigUnreadable: If the file cannot be read.
        FileExposed: If users other than its owner may read or write the file.
    """
    if place.credentials is None:
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        lines = [environment.get(name, "") for name in names]
    else:
        data = read_bounded(place.credentials, _MAX_CREDENTIALS_BYTES, is_private=True)
        try:
            lines = data.decode("ascii").splitlines()
        except UnicodeDecodeError:
            raise ConfigUnreadable(f"{place.credentials} is not ASCII") from None
    key_id, secret, token = [*lines, "", "", ""][:3]
    if not key_id or not secret:
        raise SettingInvalid("blobs: there are no credentials: expected a key id and a secret")
    return Credentials(key_id=key_id, secret=secret, token=token)
