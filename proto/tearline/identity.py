"""Names of agencies, nodes and the exchange: SPIFFE URIs in exactly one canonical form.

    agency    spiffe://us-justice.example
    node      spiffe://us-justice.example/node/washington
    exchange  spiffe://exchange.example/exchange

The trust domain is the agency: only its owner may speak for the names in it. A domain is one or
more labels joined by dots and a node's name is one label, each as RFC 1035, section 2.3.1 prefers
them: lower-case ASCII letters, digits and inner hyphens, beginning with a letter. Therefore each
name has one spelling, none looks like an IP address, and none needs escaping. (SPIFFE-ID, section
2, allows more.)
"""

import re
from functools import lru_cache

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput
from tearline.limits import MAX_URI_BYTES

_SCHEME = "spiffe://"
_NODE = "/node/"
_EXCHANGE = "/exchange"
_NAMES_KEPT = 4096  # 64 agencies with 64 nodes each; every statement names several
_LABEL = r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NODE_NAME = re.compile(_LABEL)
_TRUST_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


@immutable
class AgencyUri:
    """Agency, identified by its trust domain.

    Raises:
        MalformedInput: On construction, if the domain is not in canonical form.
    """

    trust_domain: str

    def __post_init__(self) -> None:
        _require_domain(self.trust_domain)
        _require_bound(str(self))

    def __str__(self) -> str:
        return _SCHEME + self.trust_domain


@immutable
class NodeUri:
    """Node of an agency.

    Raises:
        MalformedInput: On construction, if the domain or the name is not in canonical form.
    """

    trust_domain: str
    name: str

    def __post_init__(self) -> None:
        _require_domain(self.trust_domain)
        if not _NODE_NAME.fullmatch(self.name):
            raise MalformedInput("a node is spiffe://<trust domain>/node/<one lower-case label>")
        _require_bound(str(self))

    def __str__(self) -> str:
        return _SCHEME + self.trust_domain + _NODE + self.name

    @property
    def agency(self) -> AgencyUri:
        """Returns the agency of the node."""
        return AgencyUri(trust_domain=self.trust_domain)


@immutable
class ExchangeUri:
    """Exchange under its operator's trust domain.

    Raises:
        MalformedInput: On construction, if the domain is not in canonical form.
    """

    trust_domain: str

    def __post_init__(self) -> None:
        _require_domain(self.trust_domain)
        _require_bound(str(self))

    def __str__(self) -> str:
        return _SCHEME + self.trust_domain + _EXCHANGE


def parse_agency_uri(text: str) -> AgencyUri:
    """Returns the agency that ``text`` names.

    Raises:
        MalformedInput: If ``text`` is not ``spiffe://<trust domain>``.
    """
    return AgencyUri(trust_domain=_after_scheme(text))


def parse_node_uri(text: str) -> NodeUri:
    """Returns the node that ``text`` names.

    Raises:
        MalformedInput: If ``text`` is not ``spiffe://<trust domain>/node/<name>``.
    """
    trust_domain, _, name = _after_scheme(text).partition(_NODE)
    return NodeUri(trust_domain=trust_domain, name=name)


def parse_exchange_uri(text: str) -> ExchangeUri:
    """Returns the exchange that ``text`` names.

    Raises:
        MalformedInput: If ``text`` is not ``spiffe://<trust domain>/exchange``.
    """
    rest = _after_scheme(text)
    if not rest.endswith(_EXCHANGE):
        raise MalformedInput("an exchange's URI is spiffe://<trust domain>/exchange")
    return ExchangeUri(trust_domain=rest.removesuffix(_EXCHANGE))


def parse_uri(text: str) -> AgencyUri | NodeUri | ExchangeUri:
    """Returns the agency, node or exchange that ``text`` names.

    Raises:
        MalformedInput: If ``text`` is none of them.
    """
    rest = _after_scheme(text)
    if _NODE in rest:
        return parse_node_uri(text)
    if rest.endswith(_EXCHANGE):
        return parse_exchange_uri(text)
    return parse_agency_uri(text)


@lru_cache(maxsize=_NAMES_KEPT)
def trust_domain_of(uri: str) -> str:
    """Returns the trust domain of an agency's, a node's or an exchange's URI.

    Raises:
        MalformedInput: If ``uri`` is none of them.
    """
    return parse_uri(uri).trust_domain


def domain_uri_of(uri: str) -> str:
    """Returns the URI of the trust domain of an agency, a node or an exchange.

    For a node, this is its agency's URI.

    Raises:
        MalformedInput: If ``uri`` is none of them.
    """
    return _SCHEME + trust_domain_of(uri)


@lru_cache(maxsize=_NAMES_KEPT)
def agency_uri_of(node_uri: str) -> str:
    """Returns the URI of the agency of the node ``node_uri``.

    Raises:
        MalformedInput: If ``node_uri`` is not a node's.
    """
    return str(parse_node_uri(node_uri).agency)


def _after_scheme(text: str) -> str:
    _require_bound(text)
    if not text.startswith(_SCHEME):
        raise MalformedInput(f"a URI that begins with {_SCHEME} was expected")
    return text.removeprefix(_SCHEME)


def _require_domain(text: str) -> None:
    if not _TRUST_DOMAIN.fullmatch(text):
        raise MalformedInput("a trust domain is lower-case labels and dots: us-justice.example")


def _require_bound(text: str) -> None:
    if len(text) > MAX_URI_BYTES:
        raise MalformedInput(f"a URI has at most {MAX_URI_BYTES} characters")
