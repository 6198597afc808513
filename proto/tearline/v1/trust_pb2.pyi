from tearline.v1 import statement_pb2 as _statement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Agency(_message.Message):
    __slots__ = ("name", "uri", "root_key", "certificate_authorities", "token_issuers")
    NAME_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    ROOT_KEY_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_AUTHORITIES_FIELD_NUMBER: _ClassVar[int]
    TOKEN_ISSUERS_FIELD_NUMBER: _ClassVar[int]
    name: str
    uri: str
    root_key: bytes
    certificate_authorities: _containers.RepeatedScalarFieldContainer[bytes]
    token_issuers: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, name: _Optional[str] = ..., uri: _Optional[str] = ..., root_key: _Optional[bytes] = ..., certificate_authorities: _Optional[_Iterable[bytes]] = ..., token_issuers: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Exchange(_message.Message):
    __slots__ = ("uri", "signing_key", "certificate_authority", "dns_name", "address")
    URI_FIELD_NUMBER: _ClassVar[int]
    SIGNING_KEY_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    DNS_NAME_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    uri: str
    signing_key: bytes
    certificate_authority: bytes
    dns_name: str
    address: str
    def __init__(self, uri: _Optional[str] = ..., signing_key: _Optional[bytes] = ..., certificate_authority: _Optional[bytes] = ..., dns_name: _Optional[str] = ..., address: _Optional[str] = ...) -> None: ...

class Log(_message.Message):
    __slots__ = ("origin", "verifier_keys")
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    VERIFIER_KEYS_FIELD_NUMBER: _ClassVar[int]
    origin: str
    verifier_keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, origin: _Optional[str] = ..., verifier_keys: _Optional[_Iterable[str]] = ...) -> None: ...

class TrustList(_message.Message):
    __slots__ = ("header", "number", "previous", "agencies", "exchange", "log", "min_suite", "threshold")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_FIELD_NUMBER: _ClassVar[int]
    AGENCIES_FIELD_NUMBER: _ClassVar[int]
    EXCHANGE_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    MIN_SUITE_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    number: int
    previous: bytes
    agencies: _containers.RepeatedCompositeFieldContainer[Agency]
    exchange: Exchange
    log: Log
    min_suite: int
    threshold: int
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., number: _Optional[int] = ..., previous: _Optional[bytes] = ..., agencies: _Optional[_Iterable[_Union[Agency, _Mapping]]] = ..., exchange: _Optional[_Union[Exchange, _Mapping]] = ..., log: _Optional[_Union[Log, _Mapping]] = ..., min_suite: _Optional[int] = ..., threshold: _Optional[int] = ...) -> None: ...

class KeyRecord(_message.Message):
    __slots__ = ("header", "subject", "use", "public_key", "types", "not_before_ms", "not_after_ms")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    TYPES_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_MS_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    subject: str
    use: str
    public_key: bytes
    types: _containers.RepeatedScalarFieldContainer[int]
    not_before_ms: int
    not_after_ms: int
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., subject: _Optional[str] = ..., use: _Optional[str] = ..., public_key: _Optional[bytes] = ..., types: _Optional[_Iterable[int]] = ..., not_before_ms: _Optional[int] = ..., not_after_ms: _Optional[int] = ...) -> None: ...

class Revocation(_message.Message):
    __slots__ = ("header", "revoked_key", "reason")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    REVOKED_KEY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    revoked_key: bytes
    reason: str
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., revoked_key: _Optional[bytes] = ..., reason: _Optional[str] = ...) -> None: ...

class ExchangeEnrolment(_message.Message):
    __slots__ = ("exchange", "log")
    EXCHANGE_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    exchange: Exchange
    log: Log
    def __init__(self, exchange: _Optional[_Union[Exchange, _Mapping]] = ..., log: _Optional[_Union[Log, _Mapping]] = ...) -> None: ...
