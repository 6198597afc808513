"""Agreements: the terms under which parties share, the forms, the recipients and the validity.

The terms decide releases (``tearline.policy.terms``). The rest states their basis: the pinned
digests of policy set, schema, marking profile and masks, reply times, retention and validity. An
agreement is in force once every party has signed it and its validity has begun.
"""

import datetime
from collections.abc import Mapping

from tearline.dataclass.immutable import immutable
from tearline.errors import (
    AgreementEnded,
    AgreementMalformed,
    AgreementNotInForce,
    MalformedInput,
    PinUnknown,
)
from tearline.identity import agency_uri_of, parse_agency_uri
from tearline.limits import (
    MAX_LOG_RETENTION_MS,
    MAX_PACKET_LIFETIME_MS,
    MAX_TEXT_BYTES,
    MAX_VERSIONS,
    MIN_LOG_RETENTION_MS,
)
from tearline.packets.packet import AGREEMENT_ID_SIZE, AgreementRef, Manifest, Pins, Urgency
from tearline.policy.terms import ArticleTerms, Direction, Terms
from tearline.statements.statement import Header

HOUR_MS = 3_600_000
DEFAULT_REPLY_TIMES: Mapping[Urgency, int] = {
    # Directive (EU) 2023/977, Article 5: eight hours, three days, seven days.
    Urgency.EMERGENCY: 8 * HOUR_MS,
    Urgency.URGENT: 3 * 24 * HOUR_MS,
    Urgency.ROUTINE: 7 * 24 * HOUR_MS,
    # The usual preservation period between states, extendable once.
    Urgency.PRESERVE: 60 * 24 * HOUR_MS,
}


@immutable
class Agreement:
    """One version of an agreement.

    Attributes:
        header: The node or root that proposes it.
        id: 16 random bytes, the same for all versions.
        version: From 1.
        name: For people, the same for all versions.
        terms: Parties and articles.
        pins: Digests of the policies that decide releases under it.
        reply_times: Milliseconds by urgency.
        retention_ms: Retention of released fields at their recipients, milliseconds.
        onward_use: The rule on onward use, in words.
        oversight: URIs of agencies with auditors that may see all its entries; ascending.
        valid_from_ms: Start, Unix milliseconds.
        valid_until_ms: End, Unix milliseconds.
        authorisation_ms: Maximum extension of a reply time while a holder waits for a judicial
            authorisation, milliseconds; 0 for none.
        log_retention_ms: Retention of its entries' contents in the log, milliseconds; 0 for
            ever.
    """

    header: Header
    id: bytes
    version: int
    name: str
    terms: Terms
    pins: Pins
    reply_times: Mapping[Urgency, int]
    retention_ms: int
    onward_use: str
    oversight: tuple[str, ...]
    valid_from_ms: int
    valid_until_ms: int
    authorisation_ms: int = 0
    log_retention_ms: int = 0

    def __post_init__(self) -> None:
        if len(self.id) != AGREEMENT_ID_SIZE or not 0 < self.version <= MAX_VERSIONS:
            raise AgreementMalformed(
                f"an agreement has an id of 16 bytes and a version from 1 to {MAX_VERSIONS}"
            )
        if not 0 < len(self.name.encode()) <= 64 or len(self.onward_use.encode()) > MAX_TEXT_BYTES:
            raise AgreementMalformed("its name or its rule on onward use is too long or missing")
        if self.valid_from_ms >= self.valid_until_ms:
            raise AgreementMalformed("it ends before it begins")
        if set(self.reply_times) != set(Urgency) or min(self.reply_times.values()) <= 0:
            raise AgreementMalformed("it needs one reply time for each urgency")
        if list(self.oversight) != sorted(set(self.oversight)):
            raise AgreementMalformed("it names each oversight agency once, in order")
        for agency in self.oversight:
            try:
                parse_agency_uri(agency)
            except MalformedInput:
                raise AgreementMalformed("oversight is named by its agency's URI") from None
        if self.authorisation_ms < 0:
            raise AgreementMalformed("an extension is not negative")
        if max(*self.reply_times.values(), self.authorisation_ms) > MAX_PACKET_LIFETIME_MS:
            raise AgreementMalformed("a reply time is longer than the lifetime of a packet")
        if self.retention_ms <= 0:
            raise AgreementMalformed("the retention of released fields is not positive")
        if self.log_retention_ms and not self.log_retention_ms >= max(
            MIN_LOG_RETENTION_MS, self.retention_ms
        ):
            raise AgreementMalformed(
                "the log's retention is at least 30 days, and at least the recipients' retention"
            )
        if self.log_retention_ms > MAX_LOG_RETENTION_MS:
            raise AgreementMalformed("the log's retention is at most a century, or 0 for ever")

    @property
    def signatories(self) -> tuple[str, ...]:
        """Returns the URIs of all required signers, ascending: parties and overseers.

        Overseers sign too, so that no agency must oversee an agreement against its will.
        """
        return tuple(sorted({*self.terms.parties, *self.oversight}))

    @property
    def key(self) -> tuple[bytes, int]:
        """Returns id and version, which identify it."""
        return self.id, self.version

    def article(self, article: str) -> ArticleTerms:
        """Returns one article's terms.

        Raises:
            AgreementNotInForce: If there is no such article.
        """
        found = self.terms.article(article)
        if found is None:
            raise AgreementNotInForce("the agreement has no such article")
        return found

    def verify_in_force(self, now_ms: int) -> None:
        """Checks that the agreement is valid at ``now_ms``.

        Raises:
            AgreementNotInForce: If it is not.
        """
        if not self.valid_from_ms <= now_ms < self.valid_until_ms:
            raise AgreementNotInForce("its validity has not begun, or has ended")


def verify_signable(agreement: Agreement, now_ms: int) -> None:
    """Checks that an agreement can still come into force.

    Raises:
        AgreementEnded: If its validity has ended.
    """
    if agreement.valid_until_ms <= now_ms:
        day = datetime.datetime.fromtimestamp(agreement.valid_until_ms / 1000, datetime.UTC)
        raise AgreementEnded(f"{agreement.name} ended on {day:%Y-%m-%d}")


def verify_parties_signed(agreement: Agreement, signers: frozenset[str]) -> None:
    """Checks that every party and every overseeing agency signed.

    Args:
        agreement: The agreement.
        signers: URIs of the agencies with a signature of their root or node.

    Raises:
        AgreementNotInForce: If a signature is missing.
    """
    if missing := set(agreement.signatories) - signers:
        raise AgreementNotInForce(f"{len(missing)} of its parties and overseers have not signed")


def verify_pins(agreement: Agreement, pins: Pins) -> None:
    """Checks that this installation has the digests that the agreement pins.

    Raises:
        PinUnknown: If digests differ; names them.
    """
    pairs = (
        ("policy set", agreement.pins.policy, pins.policy),
        ("policy schema", agreement.pins.schema, pins.schema),
        ("marking profile", agreement.pins.profile, pins.profile),
        ("masks", agreement.pins.masks, pins.masks),
    )
    if different := [name for name, wanted, present in pairs if wanted != present]:
        raise PinUnknown(", ".join(different))


def verify_packet(manifest: Manifest, agreement: Agreement, *, now_ms: int) -> ArticleTerms:
    """Checks that ``agreement`` covers ``manifest`` at this time, and returns the article.

    Raises:
        AgreementNotInForce: If version, time, article, kind or sender do not match.
    """
    if agreement.key != (manifest.agreement.id, manifest.agreement.version):
        raise AgreementNotInForce("the packet names another version of the agreement")
    agreement.verify_in_force(now_ms)
    article = agreement.article(manifest.agreement.article)
    if manifest.kind.value not in article.kinds:
        raise AgreementNotInForce(f"the article does not cover packets of kind {manifest.kind}")
    if agency_uri_of(manifest.header.signer) not in agreement.terms.parties:
        raise AgreementNotInForce("the originator is not a party")
    return article


def verify_direction(article: ArticleTerms, *, sender: str, recipient: str) -> None:
    """Checks that the article allows packets from the sender to the recipient.

    Args:
        article: The article.
        sender: Agency URI.
        recipient: Agency URI.

    Raises:
        AgreementNotInForce: If it does not.
    """
    if Direction(sender=sender, recipient=recipient) not in article.directions:
        raise AgreementNotInForce("the article does not let packets go this way")


def reference(agreement: Agreement, article: str) -> AgreementRef:
    """Returns the reference to one of its articles, as a manifest carries it."""
    return AgreementRef(id=agreement.id, version=agreement.version, article=article)
