"""A hearing: one claim before the judge, with all that it is judged by."""

from dataclasses import dataclass

from tearline_server.judging.claims import Claim
from tearline_server.judging.docket import Docket, Ruling
from tearline_server.judging.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """The node that publishes, as the gate admitted it.

    Attributes:
        node: Its URI.
        agency: Its agency's URI.
    """

    node: str
    agency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """One claim, who makes it, and what became of everything before it.

    Attributes:
        claim: The claim, whose signer was verified.
        publisher: Who published it.
        registry: Keys, agreements, channels and mailboxes.
        docket: What the batch adds up to so far.
        ruling: The ruling to be filled in.
    """

    claim: Claim
    publisher: Publisher
    registry: Registry
    docket: Docket
    ruling: Ruling

    @property
    def signer(self) -> str:
        """Who signed the claim's statement."""
        return self.claim.key[1]
