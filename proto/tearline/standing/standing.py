"""The statement: where an agency stands under an agreement, and an officer's last act in it."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise

from tearline.channel import AGREEMENT_ID_SIZE, MAX_SEQ
from tearline.errors import StatementMalformed
from tearline.identity import agency_uri_of
from tearline.limits import MAX_SUSPENSIONS
from tearline.standing.suspension import Suspension
from tearline.statement import ActedBy, Header


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerAct:
    """The last time that an officer in charge lifted or changed a suspension, or ended all.

    Attributes:
        counter: Of the standing that first said so.
        acted_by: The officer, as partners may know them.
    """

    counter: int
    acted_by: ActedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an agency stands under an agreement.

    Attributes:
        header: The node of the agency that says so.
        agreement_id: 16 bytes.
        counter: From 1; each standing of the agency under the agreement has a higher one.
        suspensions: All that are open, in order of their scope.
        ended: Whether the agency has left the agreement for good.
        officer: An officer's last act, if there was one.
        acted_by: The person behind this standing; None where it repeats the one before.
        time_ms: When it was signed, Unix milliseconds. A standing counts by the log; by its own
            date it only ceases to be fresh.
    """

    header: Header
    agreement_id: bytes
    counter: int
    suspensions: tuple[Suspension, ...]
    ended: bool
    officer: OfficerAct | None
    acted_by: ActedBy | None
    time_ms: int

    def __post_init__(self) -> None:
        if len(self.agreement_id) != AGREEMENT_ID_SIZE or not 0 < self.counter <= MAX_SEQ:
            raise StatementMalformed("a standing has a counter, and an agreement of 16 bytes")
        if len(self.suspensions) > MAX_SUSPENSIONS:
            raise StatementMalformed(f"a standing has at most {MAX_SUSPENSIONS} suspensions")
        if any(a.scope >= b.scope for a, b in pairwise(self.suspensions)):
            raise StatementMalformed("a standing names each scope once, in order")
        agency = self.agency
        if any(each.sender and agency not in each.scope[1:] for each in self.suspensions):
            raise StatementMalformed("an agency suspends directions from and to itself")
        if self.officer is not None and not 0 < self.officer.counter <= self.counter:
            raise StatementMalformed("an officer's act stands in this standing or an earlier one")
        if self.ended and not (self.suspensions and self.suspensions[0].article == ""):
            raise StatementMalformed("whoever ends an agreement suspends the whole of it")

    @property
    def agency(self) -> str:
        """URI of the agency whose standing it is."""
        return agency_uri_of(self.header.signer)

    @property
    def key(self) -> tuple[str, bytes]:
        """Whose it is, under which agreement."""
        return self.agency, self.agreement_id

    def suspensions_of(self, article: str) -> tuple[Suspension, ...]:
        """Returns the suspensions of an article and of all: few, however many there are."""
        # They stand in order of their scope, so that of all comes first and an article's together.
        found = self.suspensions
        whole = found[: bisect_right(found, "", key=_article_of)]
        start = bisect_left(found, article, lo=len(whole), key=_article_of)
        return whole + found[start : bisect_right(found, article, lo=start, key=_article_of)]

    @property
    def terms(self) -> tuple[tuple[Suspension, ...], bool]:
        """What it says, whoever says it and when."""
        return self.suspensions, self.ended


def _article_of(suspension: Suspension) -> str:
    return suspension.article
