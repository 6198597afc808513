"""URIs of agencies, nodes and the exchange: one spelling each."""

import pytest

from support.cases import each_case
from tearline.errors import MalformedInput
from tearline.identity import (
    AgencyUri,
    ExchangeUri,
    NodeUri,
    agency_uri_of,
    domain_uri_of,
    parse_agency_uri,
    parse_exchange_uri,
    parse_node_uri,
    parse_uri,
    trust_domain_of,
)

AGENCY = "spiffe://us-justice.example"
NODE = "spiffe://us-justice.example/node/washington"
EXCHANGE = "spiffe://exchange.example/exchange"


def test_each_kind_is_parsed_and_written_back() -> None:
    assert parse_agency_uri(AGENCY) == AgencyUri(trust_domain="us-justice.example")
    assert parse_node_uri(NODE) == NodeUri(trust_domain="us-justice.example", name="washington")
    assert parse_exchange_uri(EXCHANGE) == ExchangeUri(trust_domain="exchange.example")
    assert [str(parse_uri(text)) for text in (AGENCY, NODE, EXCHANGE)] == [AGENCY, NODE, EXCHANGE]


def test_no_kind_is_taken_for_another() -> None:
    parsers = {parse_agency_uri: AGENCY, parse_node_uri: NODE, parse_exchange_uri: EXCHANGE}
    for parse, own in parsers.items():
        for text in {AGENCY, NODE, EXCHANGE} - {own}:
            with pytest.raises(MalformedInput):
                parse(text)


def test_a_node_leads_to_its_agency() -> None:
    assert agency_uri_of(NODE) == AGENCY
    assert str(parse_node_uri(NODE).agency) == AGENCY
    assert {trust_domain_of(AGENCY), trust_domain_of(NODE)} == {"us-justice.example"}
    assert trust_domain_of(EXCHANGE) == "exchange.example"
    assert {domain_uri_of(AGENCY), domain_uri_of(NODE)} == {AGENCY}
    assert domain_uri_of(EXCHANGE) == "spiffe://exchange.example"
    with pytest.raises(MalformedInput):
        agency_uri_of(AGENCY)


def test_a_node_may_be_called_exchange() -> None:
    uri = "spiffe://a.example/node/exchange"
    assert str(parse_node_uri(uri)) == uri
    assert parse_uri(uri) == NodeUri(trust_domain="a.example", name="exchange")
    with pytest.raises(MalformedInput):
        parse_exchange_uri(uri)


@each_case(
    "text",
    [
        "",
        "spiffe://",
        "a.example",
        "a.example/node/b",
        "a.example/exchange",
        "spiffe:///node/washington",
        "SPIFFE://a.example/node/b",
        "https://a.example/node/b",
        "spiffe://A.example/node/b",
        "spiffe://a.example/node/B",
        "spiffe://a.example/node/",
        "spiffe://a.example/node/b/",
        "spiffe://a.example/node/b/c",
        "spiffe://a.example/node/b/node/c",
        "spiffe://a.example/node/b?x",
        "spiffe://a.example/node/b#x",
        "spiffe://a.example/node/%62",
        "spiffe://a.example/node/..",
        "spiffe://a.example/node/b\n",
        "spiffe://a.example\n/node/b",
        " spiffe://a.example/node/b",
        "spiffe://a.example//node/b",
        "spiffe://a.example:443/node/b",
        "spiffe://user@a.example/node/b",
        "spiffe://a..example/node/b",
        "spiffe://.example/node/b",
        "spiffe://a.example./node/b",
        "spiffe://-a.example/node/b",
        "spiffe://a-.example/node/b",
        "spiffe://127.0.0.1/node/b",
        "spiffe://a_b.example/node/b",
        "spiffe://a.example/node/b_c",
        "spiffe://а.example/node/b",  # a Cyrillic letter
        "spiffe://a.example/node/b٣",  # a digit, but not an ASCII one
        "spiffe://a.example/node/" + "b" * 64,
        "spiffe://" + "a" * 64 + ".example/node/b",
        "spiffe://" + "a." * 120 + "example/node/b",
    ],
)
def test_other_spellings_are_refused(text: str) -> None:
    for parse in (parse_node_uri, parse_agency_uri, parse_exchange_uri, parse_uri):
        with pytest.raises(MalformedInput):
            parse(text)


def test_a_uri_cannot_be_built_in_another_spelling() -> None:
    with pytest.raises(MalformedInput):
        NodeUri(trust_domain="a.example", name="b/node/c")
    with pytest.raises(MalformedInput):
        AgencyUri(trust_domain="a.example/exchange")
    with pytest.raises(MalformedInput):
        ExchangeUri(trust_domain="")
    with pytest.raises(MalformedInput):
        NodeUri(trust_domain=".".join(["a" * 63] * 4)[:240], name="longer")


def test_the_longest_label_is_accepted() -> None:
    uri = "spiffe://a.example/node/" + "b" * 63
    assert str(parse_node_uri(uri)) == uri
