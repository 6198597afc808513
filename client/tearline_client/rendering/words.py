"""Names, times and numbers in words, for people."""

from tearline.errors import MalformedInput
from tearline.federation.members import TrustList
from tearline.identity import agency_uri_of
from tearline_client.audit import rows

time_text = rows.time_text


def agency_name(trust_list: TrustList, uri: str) -> str:
    """Returns the short name of the agency that a node or an agency URI belongs to."""
    agency = trust_list.agency(agency_uri_of(uri) if "/node/" in uri else uri)
    return uri if agency is None else agency.name


def names_of(trust_list: TrustList | None) -> rows.Names:
    """Returns a function that maps a URI of the log to its agency's name, if known."""

    def name(uri: str) -> str:
        try:
            return uri if trust_list is None else agency_name(trust_list, uri)
        except MalformedInput:
            return uri  # the log holds the name that a refused peer gave

    return name


def counted(count: int, noun: str) -> str:
    """Returns a count with its noun: ``1 packet``, ``2 packets``, ``2 entities``."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun[:-1]}ies" if noun.endswith("y") else f"{count} {noun}s"


def age_text(age_ms: int) -> str:
    """Returns an age in words: ``3 min ago``, ``2 h ago``, ``5 d ago``."""
    minutes = max(age_ms, 0) // 60_000
    if minutes < 2 * 60:
        return f"{minutes} min ago"
    hours = minutes // 60
    return f"{hours} h ago" if hours < 2 * 24 else f"{hours // 24} d ago"
