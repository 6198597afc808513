"""Translators of trust lists, key records and revocations."""

from tearline.errors import StatementMalformed
from tearline.federation.members import (
    Agency,
    ExchangeEnrolment,
    ExchangeIdentity,
    KeyRecord,
    KeyUse,
    LogIdentity,
    Revocation,
    TrustList,
)
from tearline.limits import MAX_BODY_BYTES
from tearline.statements.statement import StatementType
from tearline.v1 import trust_pb2 as pb
from tearline.wire.codec import parse_strictly, serialize
from tearline.wire.statements import read_header, write_header


def encode_trust_list(trust_list: TrustList) -> bytes:
    """Returns the canonical encoding of a trust list: the body of its statement."""
    return serialize(_write_trust_list(trust_list))


def parse_trust_list(body: bytes) -> TrustList:
    """Returns a trust list from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid trust list.
    """
    return parse_strictly(body, pb.TrustList, _read_trust_list, maximum=MAX_BODY_BYTES)


def _write_trust_list(value: TrustList) -> pb.TrustList:
    return pb.TrustList(
        header=write_header(value.header),
        number=value.number,
        previous=value.previous,
        agencies=[write_agency(agency) for agency in value.agencies],
        exchange=_write_exchange(value.exchange),
        log=_write_log(value.log),
        min_suite=value.min_suite,
        threshold=value.threshold,
    )


def _read_trust_list(message: pb.TrustList) -> TrustList:
    return TrustList(
        header=read_header(message.header),
        number=message.number,
        previous=message.previous,
        agencies=tuple(read_agency(agency) for agency in message.agencies),
        exchange=_read_exchange(message.exchange),
        log=_read_log(message),
        min_suite=message.min_suite,
        threshold=message.threshold,
    )


def _write_exchange(exchange: ExchangeIdentity) -> pb.Exchange:
    return pb.Exchange(
        uri=exchange.uri,
        signing_key=exchange.signing_key,
        certificate_authority=exchange.certificate_authority,
        dns_name=exchange.dns_name,
        address=exchange.address,
    )


def _read_exchange(message: pb.Exchange) -> ExchangeIdentity:
    return ExchangeIdentity(
        uri=message.uri,
        signing_key=message.signing_key,
        certificate_authority=message.certificate_authority,
        dns_name=message.dns_name,
        address=message.address,
    )


def _write_log(log: LogIdentity) -> pb.Log:
    return pb.Log(origin=log.origin, verifier_keys=log.verifier_keys)


def _read_log(holder: pb.TrustList | pb.ExchangeEnrolment) -> LogIdentity:
    # Of every other message here a part shows that it is there; a log may be without any.
    if not holder.HasField("log"):
        raise StatementMalformed("the log is not named")
    log = holder.log
    return LogIdentity(origin=log.origin, verifier_keys=tuple(log.verifier_keys))


def encode_exchange_enrolment(enrolment: ExchangeEnrolment) -> bytes:
    """Returns the canonical encoding of an operator's enrolment."""
    return serialize(_write_enrolment(enrolment))


def parse_exchange_enrolment(data: bytes) -> ExchangeEnrolment:
    """Returns an operator's enrolment from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    return parse_strictly(data, pb.ExchangeEnrolment, _read_enrolment, maximum=MAX_BODY_BYTES)


def _write_enrolment(enrolment: ExchangeEnrolment) -> pb.ExchangeEnrolment:
    return pb.ExchangeEnrolment(
        exchange=_write_exchange(enrolment.exchange), log=_write_log(enrolment.log)
    )


def _read_enrolment(message: pb.ExchangeEnrolment) -> ExchangeEnrolment:
    return ExchangeEnrolment(exchange=_read_exchange(message.exchange), log=_read_log(message))


def write_agency(agency: Agency) -> pb.Agency:
    """Returns an agency as protobuf."""
    return pb.Agency(
        name=agency.name,
        uri=agency.uri,
        root_key=agency.root_key,
        certificate_authorities=agency.certificate_authorities,
        token_issuers=agency.token_issuers,
    )


def read_agency(message: pb.Agency) -> Agency:
    """Returns an agency from protobuf."""
    return Agency(
        name=message.name,
        uri=message.uri,
        root_key=message.root_key,
        certificate_authorities=tuple(message.certificate_authorities),
        token_issuers=tuple(message.token_issuers),
    )


def encode_agency(agency: Agency) -> bytes:
    """Returns the canonical encoding of an agency, as an enrolment file holds it."""
    return serialize(write_agency(agency))


def parse_agency(data: bytes) -> Agency:
    """Returns an agency from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    return parse_strictly(data, pb.Agency, read_agency, maximum=MAX_BODY_BYTES)


def encode_key_record(record: KeyRecord) -> bytes:
    """Returns the canonical encoding of a key record: the body of its statement."""
    return serialize(_write_key_record(record))


def parse_key_record(body: bytes) -> KeyRecord:
    """Returns a key record from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid key record.
    """
    return parse_strictly(body, pb.KeyRecord, _read_key_record, maximum=MAX_BODY_BYTES)


def _write_key_record(record: KeyRecord) -> pb.KeyRecord:
    return pb.KeyRecord(
        header=write_header(record.header),
        subject=record.subject,
        use=record.use.value,
        public_key=record.public_key,
        types=record.types,
        not_before_ms=record.not_before_ms,
        not_after_ms=record.not_after_ms,
    )


def _read_key_record(message: pb.KeyRecord) -> KeyRecord:
    return KeyRecord(
        header=read_header(message.header),
        subject=message.subject,
        use=KeyUse(message.use),
        public_key=message.public_key,
        types=tuple(StatementType(number) for number in message.types),
        not_before_ms=message.not_before_ms,
        not_after_ms=message.not_after_ms,
    )


def encode_revocation(revocation: Revocation) -> bytes:
    """Returns the canonical encoding of a revocation: the body of its statement."""
    return serialize(_write_revocation(revocation))


def parse_revocation(body: bytes) -> Revocation:
    """Returns a revocation from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid revocation.
    """
    return parse_strictly(body, pb.Revocation, _read_revocation, maximum=MAX_BODY_BYTES)


def _write_revocation(revocation: Revocation) -> pb.Revocation:
    return pb.Revocation(
        header=write_header(revocation.header),
        revoked_key=revocation.revoked_key,
        reason=revocation.reason,
    )


def _read_revocation(message: pb.Revocation) -> Revocation:
    return Revocation(
        header=read_header(message.header),
        revoked_key=message.revoked_key,
        reason=message.reason,
    )
