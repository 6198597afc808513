"""Answers of the TAXII server: media type, contents, and errors as TAXII error messages."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tearline_client.features.feeds.service import FeedPage
from tearline_client.features.feeds.times import taxii_time

MEDIA_TYPE = "application/taxii+json;version=2.1"
_ANY = frozenset({"*/*", "application/*", "application/taxii+json"})
_TITLES = {
    400: "The request is malformed.",
    401: "A valid token of a service account is required.",
    403: "The account has no such role.",
    404: "No such resource is here, or none that this account may use.",
    405: "The resource does not have this method.",
    406: f"The server answers with {MEDIA_TYPE} only.",
    413: "The content is too large.",
    415: f"The server reads {MEDIA_TYPE} only.",
    422: "The objects are not acceptable.",
    429: "Too many requests have a wrong token, or too many drafts wait.",
    503: "The node cannot answer now.",
}


def answered(
    content: Mapping[str, Any] | bytes,
    page: FeedPage | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Returns a response with a TAXII resource.

    Args:
        content: The resource, or its JSON.
        page: The page in it, whose first and last time of addition headers tell.
        status: The HTTP status.
        headers: Further headers.
    """
    added = [each.added_us for each in page.objects] if page else []
    times = (
        {
            "x-taxii-date-added-first": taxii_time(added[0]),
            "x-taxii-date-added-last": taxii_time(added[-1]),
        }
        if added
        else {}
    )
    body = (
        content
        if isinstance(content, bytes)
        else json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    )
    return Response(
        body, status, {"content-type": MEDIA_TYPE, **_ALWAYS, **times, **(headers or {})}
    )


_ALWAYS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def refused(
    status: int, description: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """Returns a TAXII error message.

    Args:
        status: The HTTP status.
        description: The reason, without contents; or empty.
        headers: Further headers.
    """
    told = {"title": _TITLES[status], "http_status": str(status)}
    if description:
        told["description"] = description
    return answered(told, status=status, headers=headers)


def accepts(request: Request) -> bool:
    """Returns whether a client accepts the server's media type."""
    accepted = ",".join(request.headers.getlist("accept")) or "*/*"
    return any(_is_ours(each) for each in accepted.split(","))


def is_taxii(content_type: str) -> bool:
    """Returns whether a request's content has the server's media type."""
    name, _, version = content_type.replace(" ", "").lower().partition(";")
    return name == "application/taxii+json" and version in ("", "version=2.1")


def _is_ours(accepted: str) -> bool:
    name, *parameters = (part.strip().lower() for part in accepted.split(";"))
    version = next((each for each in parameters if each.startswith("version=")), "version=2.1")
    is_excluded = any(each.replace(" ", "") in ("q=0", "q=0.0") for each in parameters)
    return name in _ANY and version == "version=2.1" and not is_excluded
