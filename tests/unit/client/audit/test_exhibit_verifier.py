"""An exhibit by the directory, judged by its reader's own copy of the log."""

from support.agencies import US
from support.exhibits import Case, cosigned_case
from tearline.crypto.armor import Armor, armor
from tearline.errors import LogKeysUnknown
from tearline.verification.exhibit import Examination
from tearline.verification.log_entries import parse_entry
from tearline.verification.trust import TrustState
from tearline.wire.exhibits import encode_exhibit
from tearline_client.audit.exhibit_verifier import judge_exhibit, outcome_of
from tearline_client.audit.verifier import Outcome

CASE = cosigned_case()


def trust_of(told: Case, entries: int) -> TrustState:
    """What a node that has read the first entries knows."""
    trust = TrustState(federation=told.federation.id, is_partial=True)
    for index, content in enumerate(told.contents[:entries]):
        if isinstance(content, bytes) and (entry := parse_entry(content)):
            trust.apply(index, entry)
    return trust


def judged(trust: TrustState, *by: str) -> Examination:
    exhibit = CASE.certified([CASE.slot("amount")], **({"by": by} if by else {}))
    text = armor(Armor.EXHIBIT, encode_exhibit(exhibit)).encode()
    return judge_exhibit(text, CASE.federation.id, trust=trust)


def test_the_counted_cosigners_of_the_readers_log_are_demanded() -> None:
    trust = trust_of(CASE, len(CASE.contents))
    assert outcome_of(judged(trust)) is Outcome.VERIFIED
    assert outcome_of(judged(trust, US)) is Outcome.FAILED


def test_a_reader_behind_the_cosigners_keys_lacks_them() -> None:
    """Nothing speaks against the file: the reader's node has read too little."""
    founded = len(CASE.federation.clear)
    found = judged(trust_of(CASE, founded))
    assert outcome_of(found) is Outcome.INDETERMINATE
    assert [type(error) for error in found.lacking] == [LogKeysUnknown]
