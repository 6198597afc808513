from tearline.v1 import statement_pb2 as _statement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Agency(_message.Message):
    __slots__ = ("name", "uri", "root_key", "certificate_authorities", "token_issuers", "recovery_key")
    NAME_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    ROOT_KEY_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_AUTHORITIES_FIELD_NUMBER: _ClassVar[int]
    TOKEN_ISSUERS_FIELD_NUMBER: _ClassVar[int]
    RECOVERY_KEY_FIELD_NUMBER: _ClassVar[int]
    name: str
    uri: str
    root_key: bytes
    certificate_authorities: _containers.RepeatedScalarFieldContainer[bytes]
    token_issuers: _containers.RepeatedScalarFieldContainer[bytes]
    recovery_key: bytes
    def __init__(self, name: _Optional[str] = ..., uri: _Optional[str] = ..., root_key: _Optional[bytes] = ..., certificate_authorities: _Optional[_Iterable[bytes]] = ..., token_issuers: _Optional[_Iterable[bytes]] = ..., recovery_key: _Optional[bytes] = ...) -> None: ...

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

class Rules(_message.Message):
    __slots__ = ("admit", "remove", "exchange", "council", "rules", "cosigners", "min_suite")
    ADMIT_FIELD_NUMBER: _ClassVar[int]
    REMOVE_FIELD_NUMBER: _ClassVar[int]
    EXCHANGE_FIELD_NUMBER: _ClassVar[int]
    COUNCIL_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    COSIGNERS_FIELD_NUMBER: _ClassVar[int]
    MIN_SUITE_FIELD_NUMBER: _ClassVar[int]
    admit: int
    remove: int
    exchange: int
    council: int
    rules: int
    cosigners: int
    min_suite: int
    def __init__(self, admit: _Optional[int] = ..., remove: _Optional[int] = ..., exchange: _Optional[int] = ..., council: _Optional[int] = ..., rules: _Optional[int] = ..., cosigners: _Optional[int] = ..., min_suite: _Optional[int] = ...) -> None: ...

class Constitution(_message.Message):
    __slots__ = ("council", "rules", "cosigners", "quorum", "exchange", "log", "min_suite")
    COUNCIL_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    COSIGNERS_FIELD_NUMBER: _ClassVar[int]
    QUORUM_FIELD_NUMBER: _ClassVar[int]
    EXCHANGE_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    MIN_SUITE_FIELD_NUMBER: _ClassVar[int]
    council: _containers.RepeatedScalarFieldContainer[str]
    rules: Rules
    cosigners: _containers.RepeatedScalarFieldContainer[str]
    quorum: int
    exchange: Exchange
    log: Log
    min_suite: int
    def __init__(self, council: _Optional[_Iterable[str]] = ..., rules: _Optional[_Union[Rules, _Mapping]] = ..., cosigners: _Optional[_Iterable[str]] = ..., quorum: _Optional[int] = ..., exchange: _Optional[_Union[Exchange, _Mapping]] = ..., log: _Optional[_Union[Log, _Mapping]] = ..., min_suite: _Optional[int] = ...) -> None: ...

class Charter(_message.Message):
    __slots__ = ("header", "name", "founders", "constitution")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    FOUNDERS_FIELD_NUMBER: _ClassVar[int]
    CONSTITUTION_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    name: str
    founders: _containers.RepeatedScalarFieldContainer[bytes]
    constitution: Constitution
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., name: _Optional[str] = ..., founders: _Optional[_Iterable[bytes]] = ..., constitution: _Optional[_Union[Constitution, _Mapping]] = ...) -> None: ...

class CharterSignature(_message.Message):
    __slots__ = ("header", "charter")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHARTER_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    charter: bytes
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., charter: _Optional[bytes] = ...) -> None: ...

class MemberRecord(_message.Message):
    __slots__ = ("header", "generation", "number", "previous", "agency")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_FIELD_NUMBER: _ClassVar[int]
    AGENCY_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    generation: int
    number: int
    previous: bytes
    agency: Agency
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., generation: _Optional[int] = ..., number: _Optional[int] = ..., previous: _Optional[bytes] = ..., agency: _Optional[_Union[Agency, _Mapping]] = ...) -> None: ...

class Amendment(_message.Message):
    __slots__ = ("header", "predecessor", "constitution", "size", "root")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PREDECESSOR_FIELD_NUMBER: _ClassVar[int]
    CONSTITUTION_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    predecessor: bytes
    constitution: Constitution
    size: int
    root: bytes
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., predecessor: _Optional[bytes] = ..., constitution: _Optional[_Union[Constitution, _Mapping]] = ..., size: _Optional[int] = ..., root: _Optional[bytes] = ...) -> None: ...

class Vote(_message.Message):
    __slots__ = ("header", "kind", "predecessor", "subject", "subject_state", "content", "expires_ms")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PREDECESSOR_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_STATE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_MS_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    kind: str
    predecessor: bytes
    subject: str
    subject_state: bytes
    content: bytes
    expires_ms: int
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., kind: _Optional[str] = ..., predecessor: _Optional[bytes] = ..., subject: _Optional[str] = ..., subject_state: _Optional[bytes] = ..., content: _Optional[bytes] = ..., expires_ms: _Optional[int] = ...) -> None: ...

class FederationFile(_message.Message):
    __slots__ = ("federation", "entries")
    FEDERATION_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    federation: bytes
    entries: _containers.RepeatedCompositeFieldContainer[_statement_pb2.Signed]
    def __init__(self, federation: _Optional[bytes] = ..., entries: _Optional[_Iterable[_Union[_statement_pb2.Signed, _Mapping]]] = ...) -> None: ...

class Leave(_message.Message):
    __slots__ = ("header", "reason")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    reason: str
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

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
