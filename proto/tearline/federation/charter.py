"""Charter and constitution: founders of a federation, its council, and thresholds of votes.

The charter's statement id is the federation id, which every member pins after out-of-band
verification. The charter counts once the root of every founder has signed it.
"""

from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.federation.members import ExchangeIdentity, LogIdentity
from tearline.identity import parse_agency_uri
from tearline.limits import MAX_COUNCIL, MAX_COUNTED_COSIGNERS, MAX_FOUNDERS, MAX_TEXT_BYTES
from tearline.statements.statement import HASH_SIZE, Header

GENESIS_FEDERATION = bytes(HASH_SIZE)
"""Federation id inside the charter and the founders' records, since the id is the charter's."""


@immutable
class Rules:
    """Thresholds: how many members of the council must vote for each decision.

    A threshold above the number of voters means all of them.

    Attributes:
        admit: Admission of a member.
        remove: Removal of a member.
        exchange: Another exchange, or other keys of its log.
        council: Other members of the council.
        rules: Other thresholds.
        cosigners: Other counted cosigners, or another quorum of them.
        min_suite: Another lowest suite.
    """

    admit: int
    remove: int
    exchange: int
    council: int
    rules: int
    cosigners: int
    min_suite: int


RULES = ("admit", "remove", "exchange", "council", "rules", "cosigners", "min_suite")
"""Names of the thresholds."""


def rules_of(threshold: int) -> Rules:
    """Returns rules of one threshold for every decision."""
    return Rules(**dict.fromkeys(RULES, threshold))


@immutable
class Constitution:
    """Council, rules, counted cosigners and exchange: what constitutional decisions change.

    Attributes:
        council: Agencies that vote, ascending by URI.
        rules: Thresholds; each exceeds half the council.
        cosigners: Agencies whose cosignatures are counted, ascending by URI.
        quorum: Number of them, more than two thirds, that must cosign a counted checkpoint.
        exchange: The exchange.
        log: The log.
        min_suite: Lowest suite accepted.
    """

    council: tuple[str, ...]
    rules: Rules
    cosigners: tuple[str, ...]
    quorum: int
    exchange: ExchangeIdentity
    log: LogIdentity
    min_suite: int

    def __post_init__(self) -> None:
        _verify_agencies(self.council, MAX_COUNCIL)
        _verify_agencies(self.cosigners, MAX_COUNTED_COSIGNERS)
        thresholds = [getattr(self.rules, name) for name in RULES]
        if not all(len(self.council) < 2 * each <= 2 * MAX_COUNCIL for each in thresholds):
            raise StatementMalformed("each threshold exceeds half the council, and is at most 64")
        if not 2 * len(self.cosigners) < 3 * self.quorum <= 3 * len(self.cosigners):
            raise StatementMalformed("the quorum exceeds two thirds of the counted cosigners")

    def changed_from(self, before: "Constitution") -> frozenset[str]:
        """Returns the names of the rules under which a change from another one is decided."""
        parts = {
            "exchange": (self.exchange, self.log) != (before.exchange, before.log),
            "council": self.council != before.council,
            "rules": self.rules != before.rules,
            "cosigners": (self.cosigners, self.quorum) != (before.cosigners, before.quorum),
            "min_suite": self.min_suite != before.min_suite,
        }
        return frozenset(name for name, changed in parts.items() if changed)


def _verify_agencies(uris: tuple[str, ...], most: int) -> None:
    for uri in uris:
        parse_agency_uri(uri)
    if not 0 < len(uris) <= most or list(uris) != sorted(set(uris)):
        raise StatementMalformed(f"one to {most} agencies are named, each once, in order of URI")


@immutable
class Charter:
    """Founding of a federation.

    Attributes:
        header: The founder that drafted it.
        name: The federation's name.
        founders: Statement ids of the founders' member records, ascending.
        constitution: The first constitution.
    """

    header: Header
    name: str
    founders: tuple[bytes, ...]
    constitution: Constitution

    def __post_init__(self) -> None:
        if not 0 < len(self.name.encode()) <= MAX_TEXT_BYTES:
            raise StatementMalformed("a federation has a name")
        if (
            not 0 < len(self.founders) <= MAX_FOUNDERS
            or list(self.founders) != sorted(set(self.founders))
            or any(len(each) != HASH_SIZE for each in self.founders)
        ):
            raise StatementMalformed("a charter names each founder's record once, in order")


@immutable
class CharterSignature:
    """Signature of a founder's root below the charter."""

    header: Header
    charter: bytes

    def __post_init__(self) -> None:
        if len(self.charter) != HASH_SIZE:
            raise StatementMalformed("a charter is named by 32 bytes")
