"""Translators of steps of consents, and of their sealed terms."""

from tearline.limits import MAX_BODY_BYTES
from tearline.onward.consent import Consent, ConsentStep, ConsentTerms
from tearline.onward.use import Use
from tearline.v1 import consent_pb2 as pb
from tearline.wire.codec import parse_strictly, serialize
from tearline.wire.grants import read_address, write_address
from tearline.wire.statements import read_acted_by, read_header, write_acted_by, write_header


def encode_consent(consent: Consent) -> bytes:
    """Returns the canonical encoding of a step: the body of its statement."""
    return serialize(_write_consent(consent))


def encode_consent_prefix(consent: Consent) -> bytes:
    """Returns a step's encoding without its sealed part, which HPKE binds to it."""
    message = _write_consent(consent)
    message.ClearField("sealed")
    return serialize(message)


def parse_consent(body: bytes) -> Consent:
    """Returns a step from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid step.
    """
    return parse_strictly(body, pb.Consent, _read_consent, maximum=MAX_BODY_BYTES)


def encode_terms(terms: ConsentTerms) -> bytes:
    """Returns the canonical encoding of terms."""
    return serialize(_write_terms(terms))


def parse_terms(data: bytes) -> ConsentTerms:
    """Returns terms from their canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    return parse_strictly(data, pb.ConsentTerms, _read_terms, maximum=MAX_BODY_BYTES)


def _write_consent(consent: Consent) -> pb.Consent:
    return pb.Consent(
        header=write_header(consent.header),
        address=write_address(consent.address),
        consent_id=consent.consent_id,
        step=consent.step.value,
        use=consent.use.value,
        packet=consent.packet,
        ends_ms=consent.ends_ms,
        kem_key_id=consent.kem_key_id,
        acted_by=write_acted_by(consent.acted_by),
        sealed=consent.sealed,
        seconded_by=write_acted_by(consent.seconded_by),
    )


def _read_consent(message: pb.Consent) -> Consent:
    return Consent(
        header=read_header(message.header),
        address=read_address(message.address),
        consent_id=message.consent_id,
        step=ConsentStep(message.step),
        use=Use(message.use),
        packet=message.packet,
        ends_ms=message.ends_ms,
        kem_key_id=message.kem_key_id,
        acted_by=read_acted_by(message.acted_by) if message.HasField("acted_by") else None,
        sealed=message.sealed,
        seconded_by=read_acted_by(message.seconded_by) if message.HasField("seconded_by") else None,
    )


def _write_terms(terms: ConsentTerms) -> pb.ConsentTerms:
    return pb.ConsentTerms(fields=terms.fields, scope=terms.scope, note=terms.note)


def _read_terms(message: pb.ConsentTerms) -> ConsentTerms:
    return ConsentTerms(fields=tuple(message.fields), scope=message.scope, note=message.note)
