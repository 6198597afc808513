"""Standing: the statement of an agency's suspensions, with an officer's last act."""

from bisect import bisect_left, bisect_right
from itertools import pairwise

from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.identity import agency_uri_of
from tearline.limits import MAX_SUSPENSIONS
from tearline.statements.channel import AGREEMENT_ID_SIZE, MAX_SEQ
from tearline.statements.statement import ActedBy, Header
from tearline.suspensions.suspension import Suspension


@immutable
class OfficerAct:
    """Last act of an officer in charge: a lift or change of a suspension, or an end.

    Attributes:
        counter: Counter of the first standing with this act.
        acted_by: The officer, as partners may know them.
    """

    counter: int
    acted_by: ActedBy


@immutable
class Standing:
    """Agency's position under an agreement.

    Attributes:
        header: The signing node of the agency.
        agreement_id: 16 bytes.
        counter: From 1; each standing of the agency under the agreement has a higher one.
        suspensions: All open suspensions, in order of their scope.
        ended: Whether the agency has left the agreement for good.
        officer: An officer's last act, if there was one.
        acted_by: The person behind this standing; None where it repeats the previous one.
        time_ms: Time of the signature, Unix milliseconds. A standing is ordered by the log; its
            own date only limits its freshness.
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
            raise StatementMalformed("an agency suspends only directions from and to itself")
        if self.officer is not None and not 0 < self.officer.counter <= self.counter:
            raise StatementMalformed("an officer's act stands in this standing or an earlier one")
        if self.ended and not (self.suspensions and self.suspensions[0].article == ""):
            raise StatementMalformed("a standing that ends an agreement suspends the whole of it")

    @property
    def agency(self) -> str:
        """Returns the URI of the standing's agency."""
        return agency_uri_of(self.header.signer)

    @property
    def key(self) -> tuple[str, bytes]:
        """Returns the agency and the agreement of the standing."""
        return self.agency, self.agreement_id

    def suspensions_of(self, article: str) -> tuple[Suspension, ...]:
        """Returns the suspensions of an article and of the whole agreement, without a full scan."""
        # In order of scope: suspensions of the whole first, then those of each article together.
        found = self.suspensions
        whole = found[: bisect_right(found, "", key=_article_of)]
        start = bisect_left(found, article, lo=len(whole), key=_article_of)
        return whole + found[start : bisect_right(found, article, lo=start, key=_article_of)]

    @property
    def terms(self) -> tuple[tuple[Suspension, ...], bool]:
        """Returns its contents, without signer and time."""
        return self.suspensions, self.ended


def _article_of(suspension: Suspension) -> str:
    return suspension.article
