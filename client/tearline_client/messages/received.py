"""Verified arrivals, by kind: the results of ``incoming``."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tearline.agreements.agreement import Agreement
from tearline.agreements.proposal import Proposal
from tearline.audit.erasure import Erasure
from tearline.audit.event import Event
from tearline.bodies.body import Problem
from tearline.cases.case import CaseNote, CaseStep
from tearline.dataclass.immutable import immutable
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
from tearline.wire.addresses import address_of
from tearline.wire.packets import Release
from tearline.wire.statements import Signed


@immutable
class ReceivedGrant:
    """A verified grant, with all fields it opens.

    Attributes:
        signed: The grant's statement.
        grant: The grant.
        manifest_signed: The packet's statement.
        manifest: The packet's manifest.
        parts: The ciphertexts that came with it.
        release: The keys, to be wrapped under our own storage key.
        view: The opened view.
        findings: Defects of single fields, by slot: mislabelled, or a generalised form that does
            not follow from the clear one. Such fields are excluded from use.
        problems: Deviations from the packet's kind. They are reported, and do not exclude a field.
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


@immutable
class KeptBack:
    """A grant of ours that the exchange held back because of a party's suspension."""

    grant: Grant


@immutable
class Lapsed:
    """An arrival that stays closed.

    Its grant ended before it came, its key was lost with a machine, or no message holds its packet;
    or the exchange accepted it despite a suspension.

    Attributes:
        grant: The grant, if it is one.
        why: The reason why it stays closed.
    """

    grant: Grant | None
    why: TearlineError


@immutable
class ReceivedConsent:
    """A step of a consent, with its opened note.

    Attributes:
        consent: The step.
        terms: Its fields, scope and note.
    """

    consent: Consent
    terms: ConsentTerms


@immutable
class Waiting:
    """A grant that can be opened only after the sender's agency cosigned the log, too.

    Attributes:
        grant: The grant, still closed.
    """

    grant: Grant


@immutable
class ReceivedStep:
    """A step of a request, with its opened note.

    Attributes:
        step: The step, valid whatever its note is.
        note: Its note; None if the note is invalid.
        finding: The note's defect.
    """

    step: RequestStep
    note: StepNote | None
    finding: TearlineError | None


@immutable
class ReceivedCaseStep:
    """A verified step of a case, with its opened note."""

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
        signer: Its signer.
        opening: Its opened log entry.
        event: The entry's event.
        content: The statement's content.
    """

    signed: Signed
    signer: Header
    opening: LogOpening
    event: Event
    content: Content

    @cached_property
    def address(self) -> Address | None:
        """Returns the statement's place in a channel to this node, if it has one."""
        return None if isinstance(self.content, KeptBack) else address_of(self.signed.statement)
