"""Drafting a federation's first trust list: what could never be logged is not begun."""

import pytest

from support.agencies import agency, signed_by, signer
from support.exchange import INSTALLATION
from tearline.errors import EntryTooLarge
from tearline.federation.members import Agency
from tearline.limits import MAX_ENTRY_BYTES
from tearline.statements.statement import StatementType
from tearline.verification.log_entries import clear_entry
from tearline.verification.trust import GENESIS_FEDERATION
from tearline.wire.statements import Signed, merge_signed
from tearline_client.enrolment import (
    Passphrases,
    draft_trust_list,
    found_agency,
    pin,
    sign_trust_list,
)
from tearline_client.keys.home import Home, Identity

PASSPHRASES = Passphrases(node=b"the node's own", root=b"the root's own")
OTHERS = [f"spiffe://agency-{number:02d}.example" for number in range(9)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home") / "own")


@pytest.fixture(scope="module")
def own(home: Home) -> Agency:
    return found_agency(home, Identity(agency="own", domain="own.example", node="hub"), PASSPHRASES)


def drafted(home: Home, *agencies: Agency) -> Signed:
    return draft_trust_list(
        home, PASSPHRASES.root, exchange=INSTALLATION.identity, agencies=agencies, threshold=1
    )


def signed_by_others(proposed: Signed, uris: list[str]) -> Signed:
    roots = [signer(uri, GENESIS_FEDERATION) for uri in uris]
    others = signed_by(StatementType.TRUST_LIST, proposed.statement.body, *roots)
    return merge_signed([proposed, others])


def test_nine_agencies_fit_an_entry_signed_by_all(home: Home, own: Agency) -> None:
    proposed = drafted(home, own, *map(agency, OTHERS[:8]))
    complete = signed_by_others(proposed, OTHERS[:8])
    assert MAX_ENTRY_BYTES - 6_500 < len(clear_entry(complete)) <= MAX_ENTRY_BYTES


def test_ten_are_refused_before_anybody_signs(home: Home, own: Agency) -> None:
    with pytest.raises(EntryTooLarge):
        drafted(home, own, *map(agency, OTHERS))


def test_a_list_drafted_elsewhere_is_neither_signed_nor_pinned(home: Home, own: Agency) -> None:
    proposed = drafted(home, own, *map(agency, OTHERS[:8]))
    # Too many signatures for its agencies: of a root that was drafted, and of some that were not.
    strangers = [f"spiffe://stranger-{number}.example" for number in range(10)]
    crowded = signed_by_others(proposed, strangers)
    with pytest.raises(EntryTooLarge):
        sign_trust_list(home, PASSPHRASES.root, crowded)
    with pytest.raises(EntryTooLarge):
        pin(home, PASSPHRASES, crowded)
    assert not home.federation.exists()
