"""Bytes of an exhibit in both forms; ``pytest -s`` prints them."""

import pytest

from support import exhibits
from support.agencies import MX, US, federation, packet, text_field
from support.exhibits import case
from support.light import cosigning_record
from tearline.crypto.armor import Armor, armor
from tearline.wire.exhibits import Exhibit, encode_exhibit

CATEGORIES = (
    *("identity.subject", "identity.birth", "identity.trait", "finance.amount"),
    *("finance.account", "organisation.name"),
)
LEAD = tuple(
    text_field(f"{'3a' * 16}/Person/field{number:02}", "Qiu Wenhao 1987-02-11", category=category)
    for number in range(26)
    for category in CATEGORIES[number % len(CATEGORIES) :][:1]
)
"""As many fields and categories as the demo's lead has."""


def sizes(founders: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Bytes by statements and by the directory, of two fields; at most five cosigners."""
    monkeypatch.setattr(exhibits, "packet", lambda header: packet(header, LEAD))
    uris = [US, MX, *(f"spiffe://a{number:02}.example" for number in range(founders - 2))]
    federated, cosigners = federation(*uris), uris[:5]
    records = [cosigning_record(federated, uri) for uri in cosigners]
    told = case(*records, federated=federated).stated()
    slots = [told.slot("field00"), told.slot("field01")]
    forms = (told.exhibit(slots), told.certified(slots, by=cosigners))
    for name, exhibit in zip(("statements", "directory"), forms, strict=True):
        print(f"{founders} founders, {name}: {measured(exhibit)}")
    by_statements, by_directory = (len(encode_exhibit(exhibit)) for exhibit in forms)
    return by_statements, by_directory


def measured(exhibit: Exhibit) -> str:
    data = encode_exhibit(exhibit)
    return f"{len(data)} bytes, {len(armor(Armor.EXHIBIT, data))} as a file"


def test_the_directory_certifies_in_a_size_that_members_hardly_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few, many = sizes(2, monkeypatch), sizes(64, monkeypatch)
    assert few[1] < 20_000
    assert few[0] > 2 * few[1]
    lines = 3 * 3_400  # of cosigners
    assert many[1] < few[1] + lines + 1_000
    assert many[0] > few[0] + 62 * 9_000
