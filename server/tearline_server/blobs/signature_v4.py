"""AWS Signature Version 4 for requests to an S3-compatible object store.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import field

from tearline.dataclass.immutable import immutable

_SCHEME = "AWS4-HMAC-SHA256"
_SERVICE = "s3"


@immutable
class Credentials:
    """Credentials of an object store.

    Attributes:
        key_id: The access key's id.
        secret: The secret access key.
        token: The token of a session; empty for none.
    """

    key_id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


def signed_headers(
    method: str,
    host: str,
    path: str,
    body: bytes,
    *,
    credentials: Credentials,
    region: str,
    time_s: int,
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Returns the headers of a request without a query, the signature among them.

    Args:
        method: For example ``PUT``.
        host: The host, with its port unless that is the scheme's.
        path: The path, of characters that need no escape.
        body: The body, which the signature covers.
        credentials: The credentials.
        region: The store's region.
        time_s: The time, Unix seconds.
        more: Further headers to sign, by lower-case name.
    """
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time_s))
    scope = f"{moment[:8]}/{region}/{_SERVICE}/aws4_request"
    digest = hashlib.sha256(body).hexdigest()
    headers = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": moment, **(more or {})}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = f"{method}\n{path}\n\n{lines}\n{names}\n{digest}"
    text = f"{_SCHEME}\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret}".encode()
    for word in scope.split("/"):
        key = hmac.digest(key, word.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    said = f"Credential={credentials.key_id}/{scope},SignedHeaders={names},Signature={signature}"
    return {**headers, "authorization": f"{_SCHEME} {said}"}
