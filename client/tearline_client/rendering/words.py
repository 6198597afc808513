"""Names, times and numbers in words, for people."""

from tearline.errors import MalformedInput
from tearline.federation.members import TrustList
from tearline.identity import agency_uri_of
from tearline_client.audit import rows
from tearline_client.rendering.values import Id, age_text, counted, moment

__all__ = ["Id", "age_text", "agency_name", "counted", "moment", "names_of", "time_text"]

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
