"""Questions about stored state that claims require.

For a claim without a genuine signature, only the earlier ruling is looked up, by id and signer.
"""

from collections.abc import Iterable, Sequence

from tearline.agreements.agreement import Agreement
from tearline.agreements.proposal import Proposal
from tearline.audit.anchor import Anchor
from tearline.audit.erasure import Erasure
from tearline.cases.case import CaseStep
from tearline.errors import TearlineError
from tearline.federation.members import KeyRecord, Revocation, TrustList
from tearline.onward.consent import Consent, ConsentStep
from tearline.packets.grant import Grant
from tearline.packets.packet import Manifest
from tearline.packets.recall import Recall
from tearline.requests.step import RequestStep
from tearline.statements.channel import Mark, Void
from tearline.statements.receipt import Receipt
from tearline.suspensions.standing import Standing
from tearline.wire.agreements import parse_agreement
from tearline_server.processing.authorship import Authored
from tearline_server.processing.registry import Registry
from tearline_server.processing.submission import Content
from tearline_server.storage.lookups import Lookups


def asked_of(submissions: Sequence[Authored], agency: str, registry: Registry) -> Lookups:
    """Returns the lookups needed to judge claims of an agency.

    Args:
        submissions: The claims of one publication.
        agency: URI of the publisher's agency; lookups are limited to its items.
        registry: The current agreements.
    """
    known = [each.submitted for each in submissions if each.foreign is None]
    genuine = [each.submitted for each in submissions if each.is_genuine]
    contents = [(submitted.key[1], submitted.content) for submitted in genuine]
    withdrawing = [
        (signer, content)
        for signer, content in contents
        if isinstance(content, Void) and content.withdraws
    ]
    packets = [(c.key[0], c.content) for c in genuine if isinstance(c.content, Manifest)]
    manifests = [content for _, content in packets]
    named = [packet for _, content in contents if (packet := _packet(content)) is not None]
    return Lookups(
        statements=frozenset(submitted.key for submitted in known),
        naturals=frozenset(
            (submitted.key[1], natural)
            for submitted in genuine
            if (natural := submitted.natural) is not None
        ),
        packets=tuple(dict.fromkeys((packet, agency) for packet in named)),
        mail=frozenset(
            (signer, content.about, content.address.recipient)
            for signer, content in contents
            if isinstance(content, Receipt) and content.address is not None
        )
        | {(void.address.recipient, void.withdraws, signer) for signer, void in withdrawing},
        envelopes=frozenset((void.withdraws, signer) for signer, void in withdrawing),
        entries=frozenset(
            (index, agency)
            for _, content in contents
            if isinstance(content, Erasure)
            for index in content.indices
        ),
        agreements=frozenset(
            content.agreement_id
            for _, content in contents
            if isinstance(content, Standing) and registry.is_party(content.agreement_id, agency)
        ),
        sources=tuple(
            dict.fromkeys((source, agency) for each in manifests for source in each.derived_from)
        ),
        corrected=tuple(
            dict.fromkeys((each.supersedes, agency) for each in manifests if each.supersedes)
        ),
        derived=tuple((id_, source) for id_, each in packets for source in each.derived_from),
        superseding=tuple((id_, each.supersedes) for id_, each in packets if each.supersedes),
        grants=tuple(
            (content.packet, agency, content.address.recipient)
            for _, content in contents
            if isinstance(content, Grant)
        ),
        requests=frozenset(
            (content.request, holder, signer)
            for signer, content in contents
            if isinstance(content, RequestStep)
            for holder in (signer, content.address.recipient)
        ),
        rooms=frozenset((party, agency) for _, content in contents for party in _parties(content)),
        waiting=frozenset(
            (recipient, agency)
            for _, content in contents
            if (recipient := _recipient(content)) is not None
        ),
    )


def _parties(content: Content | TearlineError) -> Iterable[str]:
    """Returns the agencies whose nodes all receive the statement and need room for it."""
    match content:
        case Agreement():
            return content.terms.parties
        case Proposal():
            try:
                return parse_agreement(content.statement.body).signatories
            except TearlineError:
                return ()  # it is refused
        case (
            Manifest()
            | Grant()
            | Receipt()
            | Void()
            | Recall()
            | Mark()
            | Anchor()
            | Erasure()
            | Standing()
            | CaseStep()
            | Consent()
            | RequestStep()
            | TrustList()
            | KeyRecord()
            | Revocation()
            | TearlineError()
        ):
            return ()


def _packet(content: Content | TearlineError) -> bytes | None:
    """Returns the packet that a statement names as its agency's own, or None."""
    match content:
        case Grant() | Recall():
            return content.packet
        case Consent():
            return content.packet if content.step is ConsentStep.GIVE else None
        case (
            Manifest()
            | Receipt()
            | Void()
            | Mark()
            | Anchor()
            | Agreement()
            | Erasure()
            | Standing()
            | CaseStep()
            | Proposal()
            | RequestStep()
            | TrustList()
            | KeyRecord()
            | Revocation()
            | TearlineError()
        ):
            return None


def _recipient(content: Content | TearlineError) -> str | None:
    """Returns the one node that receives a statement, or None."""
    match content:
        case Mark():
            return content.recipient
        case Grant() | Void() | Recall() | CaseStep() | Consent() | RequestStep():
            return content.address.recipient
        case Receipt():
            return None if content.address is None else content.address.recipient
        case (
            Manifest()
            | Anchor()
            | Agreement()
            | Erasure()
            | Standing()
            | Proposal()
            | TrustList()
            | KeyRecord()
            | Revocation()
            | TearlineError()
        ):
            return None
