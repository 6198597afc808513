"""What arrived and verified, by kind: what ``incoming`` gives to whoever stores or shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tearline.agreements.agreement import Agreement
from tearline.agreements.proposal import Proposal
from tearline.audit.erasure import Erasure
from tearline.audit.event import Event
from tearline.bodies.body import Problem
from tearline.cases.case import CaseNote, CaseStep
from tearline.errors import TearlineError
from tearline.onward.consent import Consent, ConsentTerms
from tearline.packets.grant import Grant
from tearline.packets.packet import Manifest, PacketParts, View
from tearline.packets.recall import Recall, TakenBack
from tearline.requests.step import RequestStep, StepNote
from tearline.statements.channel import Address, Mark, Void
from tearline.statements.receipt import LogOpening, Receipt
from tearline.statements.statement import Header
from tearline.suspensions.standing import Standing
from tearline.wire.addressing import address_of
from tearline.wire.packets import Release
from tearline.wire.statements import Signed


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedGrant:
    """A grant that verified, and everything it opened.

    Attributes:
        signed: The grant's statement.
        grant: The grant.
        manifest_signed: The packet's statement.
        manifest: The packet's manifest.
        parts: The ciphertexts that came with it.
        release: The keys, to be kept under our own storage key.
        view: What it shows.
        findings: What is wrong with single fields, by slot: mislabelled, or a generalised
            form that does not follow from the clear one. They are kept from use.
        problems: What is not as the packet's kind asks. It is told, and not kept from use.
    """

    signed: Signed
    grant: Grant
    manifest_signed: Signed
    manifest: Manifest
    parts: PacketParts
    release: Release
    view: View
    findings: Mapping[int, TearlineError]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBack:
    """A grant of ours that the exchange did not hand out, because a party suspended it."""

    grant: Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapsed:
    """What came and stays closed.

    A grant that ended before it came, whose key was lost with a machine, or whose packet no message
    holds; and whatever was let through although it was suspended.

    Attributes:
        grant: The grant, if it is one.
        why: Why it is not opened.
    """

    grant: Grant | None
    why: TearlineError


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedConsent:
    """A step of a consent, and what its sealed part says.

    Attributes:
        consent: The step.
        terms: Its fields, scope and words.
    """

    consent: Consent
    terms: ConsentTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A grant that opens only once the sender's agency, too, has cosigned the log.

    Attributes:
        grant: The grant, still closed.
    """

    grant: Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedStep:
    """A step of a request, with what its note tells.

    Attributes:
        step: The step, which counts whatever its note is.
        note: What it tells; None where that is not what it must be.
        finding: What is wrong with the note.
    """

    step: RequestStep
    note: StepNote | None
    finding: TearlineError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedCaseStep:
    """A step of a case that verified, and what it tells us alone."""

    step: CaseStep
    note: CaseNote


Content = (
    ReceivedConsent
    | ReceivedGrant
    | KeptBack
    | ReceivedStep
    | ReceivedCaseStep
    | Lapsed
    | Waiting
    | TakenBack
    | Recall
    | Receipt
    | Void
    | Mark
    | Agreement
    | Erasure
    | Proposal
    | Standing
)


@dataclass(frozen=True, kw_only=True)
class Received:
    """A delivery that verified.

    Attributes:
        signed: The addressed statement.
        signer: Who signed it.
        opening: Its opened log entry.
        event: What the entry says.
        content: The statement's content.
    """

    signed: Signed
    signer: Header
    opening: LogOpening
    event: Event
    content: Content

    @cached_property
    def address(self) -> Address | None:
        """The statement's place in a channel to this node, if it has one."""
        return None if isinstance(self.content, KeptBack) else address_of(self.signed.statement)
