from tearline.v1 import statement_pb2 as _statement_pb2
from tearline.v1 import packet_pb2 as _packet_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Share(_message.Message):
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
    __slots__ = ("id", "purposes", "kinds", "crime_areas", "directions", "shares", "highest_tlp", "joint", "four_eyes", "both_before_open")
    ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    CRIME_AREAS_FIELD_NUMBER: _ClassVar[int]
    DIRECTIONS_FIELD_NUMBER: _ClassVar[int]
    SHARES_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_TLP_FIELD_NUMBER: _ClassVar[int]
    JOINT_FIELD_NUMBER: _ClassVar[int]
    FOUR_EYES_FIELD_NUMBER: _ClassVar[int]
    BOTH_BEFORE_OPEN_FIELD_NUMBER: _ClassVar[int]
    id: str
    purposes: _containers.RepeatedScalarFieldContainer[str]
    kinds: _containers.RepeatedScalarFieldContainer[str]
    crime_areas: _containers.RepeatedScalarFieldContainer[str]
    directions: _containers.RepeatedCompositeFieldContainer[Direction]
    shares: _containers.RepeatedCompositeFieldContainer[Share]
    highest_tlp: str
    joint: bool
    four_eyes: bool
    both_before_open: bool
    def __init__(self, id: _Optional[str] = ..., purposes: _Optional[_Iterable[str]] = ..., kinds: _Optional[_Iterable[str]] = ..., crime_areas: _Optional[_Iterable[str]] = ..., directions: _Optional[_Iterable[_Union[Direction, _Mapping]]] = ..., shares: _Optional[_Iterable[_Union[Share, _Mapping]]] = ..., highest_tlp: _Optional[str] = ..., joint: _Optional[bool] = ..., four_eyes: _Optional[bool] = ..., both_before_open: _Optional[bool] = ...) -> None: ...

class ReplyTime(_message.Message):
    __slots__ = ("urgency", "time_ms")
    URGENCY_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    urgency: str
    time_ms: int
    def __init__(self, urgency: _Optional[str] = ..., time_ms: _Optional[int] = ...) -> None: ...

class Agreement(_message.Message):
    __slots__ = ("header", "id", "version", "name", "parties", "articles", "pins", "reply_times", "retention_ms", "onward_use", "oversight", "valid_from_ms", "valid_until_ms", "log_retention_ms", "authorisation_ms")
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
    LOG_RETENTION_MS_FIELD_NUMBER: _ClassVar[int]
    AUTHORISATION_MS_FIELD_NUMBER: _ClassVar[int]
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
    log_retention_ms: int
    authorisation_ms: int
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., id: _Optional[bytes] = ..., version: _Optional[int] = ..., name: _Optional[str] = ..., parties: _Optional[_Iterable[str]] = ..., articles: _Optional[_Iterable[_Union[Article, _Mapping]]] = ..., pins: _Optional[_Union[_packet_pb2.Pins, _Mapping]] = ..., reply_times: _Optional[_Iterable[_Union[ReplyTime, _Mapping]]] = ..., retention_ms: _Optional[int] = ..., onward_use: _Optional[str] = ..., oversight: _Optional[_Iterable[str]] = ..., valid_from_ms: _Optional[int] = ..., valid_until_ms: _Optional[int] = ..., log_retention_ms: _Optional[int] = ..., authorisation_ms: _Optional[int] = ...) -> None: ...
