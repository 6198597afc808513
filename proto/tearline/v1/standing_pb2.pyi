from tearline.v1 import statement_pb2 as _statement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Suspension(_message.Message):
    __slots__ = ("article", "sender", "recipient", "reason", "in_flight", "originated")
    ARTICLE_FIELD_NUMBER: _ClassVar[int]
    SENDER_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    IN_FLIGHT_FIELD_NUMBER: _ClassVar[int]
    ORIGINATED_FIELD_NUMBER: _ClassVar[int]
    article: str
    sender: str
    recipient: str
    reason: str
    in_flight: str
    originated: str
    def __init__(self, article: _Optional[str] = ..., sender: _Optional[str] = ..., recipient: _Optional[str] = ..., reason: _Optional[str] = ..., in_flight: _Optional[str] = ..., originated: _Optional[str] = ...) -> None: ...

class OfficerAct(_message.Message):
    __slots__ = ("counter", "acted_by")
    COUNTER_FIELD_NUMBER: _ClassVar[int]
    ACTED_BY_FIELD_NUMBER: _ClassVar[int]
    counter: int
    acted_by: _statement_pb2.ActedBy
    def __init__(self, counter: _Optional[int] = ..., acted_by: _Optional[_Union[_statement_pb2.ActedBy, _Mapping]] = ...) -> None: ...

class PartyStanding(_message.Message):
    __slots__ = ("header", "agreement_id", "counter", "suspensions", "ended", "officer", "acted_by", "time_ms")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    COUNTER_FIELD_NUMBER: _ClassVar[int]
    SUSPENSIONS_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    ACTED_BY_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    agreement_id: bytes
    counter: int
    suspensions: _containers.RepeatedCompositeFieldContainer[Suspension]
    ended: bool
    officer: OfficerAct
    acted_by: _statement_pb2.ActedBy
    time_ms: int
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., agreement_id: _Optional[bytes] = ..., counter: _Optional[int] = ..., suspensions: _Optional[_Iterable[_Union[Suspension, _Mapping]]] = ..., ended: _Optional[bool] = ..., officer: _Optional[_Union[OfficerAct, _Mapping]] = ..., acted_by: _Optional[_Union[_statement_pb2.ActedBy, _Mapping]] = ..., time_ms: _Optional[int] = ...) -> None: ...
