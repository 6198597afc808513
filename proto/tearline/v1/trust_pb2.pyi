from tearline.v1 import statement_pb2 as _statement_pb2
from tearline.v1 import packet_pb2 as _packet_pb2
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

class FormCap(_message.Message):
    __slots__ = ("partner", "category", "form")
    PARTNER_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    partner: str
    category: str
    form: int
    def __init__(self, partner: _Optional[str] = ..., category: _Optional[str] = ..., form: _Optional[int] = ...) -> None: ...

class Direction(_message.Message):
    __slots__ = ("sender", "recipient")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    sender: str
    recipient: str
    def __init__(self, sender: _Optional[str] = ..., recipient: _Optional[str] = ...) -> None: ...

class Article(_message.Message):
    __slots__ = ("id", "purposes", "kinds", "crime_areas", "directions", "caps", "highest_tlp", "joint", "four_eyes")
    ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    CRIME_AREAS_FIELD_NUMBER: _ClassVar[int]
    DIRECTIONS_FIELD_NUMBER: _ClassVar[int]
    CAPS_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_TLP_FIELD_NUMBER: _ClassVar[int]
    JOINT_FIELD_NUMBER: _ClassVar[int]
    FOUR_EYES_FIELD_NUMBER: _ClassVar[int]
    id: str
    purposes: _containers.RepeatedScalarFieldContainer[str]
    kinds: _containers.RepeatedScalarFieldContainer[str]
    crime_areas: _containers.RepeatedScalarFieldContainer[str]
    directions: _containers.RepeatedCompositeFieldContainer[Direction]
    caps: _containers.RepeatedCompositeFieldContainer[FormCap]
    highest_tlp: str
    joint: bool
    four_eyes: bool
    def __init__(self, id: _Optional[str] = ..., purposes: _Optional[_Iterable[str]] = ..., kinds: _Optional[_Iterable[str]] = ..., crime_areas: _Optional[_Iterable[str]] = ..., directions: _Optional[_Iterable[_Union[Direction, _Mapping]]] = ..., caps: _Optional[_Iterable[_Union[FormCap, _Mapping]]] = ..., highest_tlp: _Optional[str] = ..., joint: _Optional[bool] = ..., four_eyes: _Optional[bool] = ...) -> None: ...

class ReplyTime(_message.Message):
    __slots__ = ("urgency", "time_ms")
    URGENCY_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    urgency: str
    time_ms: int
    def __init__(self, urgency: _Optional[str] = ..., time_ms: _Optional[int] = ...) -> None: ...

class Agreement(_message.Message):
    __slots__ = ("header", "id", "version", "name", "parties", "articles", "pins", "reply_times", "retention_ms", "onward_use", "oversight", "valid_from_ms", "valid_until_ms")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PARTIES_FIELD_NUMBER: _ClassVar[int]
    ARTICLES_FIELD_NUMBER: _ClassVar[int]
    PINS_FIELD_NUMBER: _ClassVar[int]
    REPLY_TIMES_FIELD_NUMBER: _ClassVar[int]
    RETENTION_MS_FIELD_NUMBER: _ClassVar[int]
    ONWARD_USE_FIELD_NUMBER: _ClassVar[int]
    OVERSIGHT_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_MS_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    id: bytes
    version: int
    name: str
    parties: _containers.RepeatedScalarFieldContainer[str]
    articles: _containers.RepeatedCompositeFieldContainer[Article]
    pins: _packet_pb2.Pins
    reply_times: _containers.RepeatedCompositeFieldContainer[ReplyTime]
    retention_ms: int
    onward_use: str
    oversight: _containers.RepeatedScalarFieldContainer[str]
    valid_from_ms: int
    valid_until_ms: int
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., id: _Optional[bytes] = ..., version: _Optional[int] = ..., name: _Optional[str] = ..., parties: _Optional[_Iterable[str]] = ..., articles: _Optional[_Iterable[_Union[Article, _Mapping]]] = ..., pins: _Optional[_Union[_packet_pb2.Pins, _Mapping]] = ..., reply_times: _Optional[_Iterable[_Union[ReplyTime, _Mapping]]] = ..., retention_ms: _Optional[int] = ..., onward_use: _Optional[str] = ..., oversight: _Optional[_Iterable[str]] = ..., valid_from_ms: _Optional[int] = ..., valid_until_ms: _Optional[int] = ...) -> None: ...
