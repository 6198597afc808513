"""Names, times and numbers in words, for people."""

from tearline.errors import MalformedInput
from tearline.federation.versions import Members
from tearline.identity import agency_uri_of
from tearline_client.audit import rows
from tearline_client.rendering.values import Id, age_text, counted, local_text, moment

__all__ = [
    "Id",
    "age_text",
    "agency_name",
    "counted",
    "moment",
    "names_of",
    "since_text",
    "time_text",
]

time_text = local_text


def since_text(time_ms: int | None) -> str:
    """Returns since when something stands at the exchange; None if it is not there yet."""
    return "queued, not yet sent" if time_ms is None else f"since {time_text(time_ms)}"


def agency_name(members: Members, uri: str) -> str:
    """Returns the short name of the agency that a node or an agency URI belongs to, or belonged."""
    version = members.version(agency_uri_of(uri) if "/node/" in uri else uri)
    return uri if version is None else version.record.agency.name


def names_of(members: Members | None) -> rows.Names:
    """Returns a function that maps a URI of the log to its agency's name, if known."""

    def name(uri: str) -> str:
        try:
            return uri if members is None else agency_name(members, uri)
        except MalformedInput:
            return uri  # the log holds the name that a refused peer gave

    return name
