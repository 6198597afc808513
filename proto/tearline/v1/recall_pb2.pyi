from tearline.v1 import flow_pb2 as _flow_pb2
from tearline.v1 import statement_pb2 as _statement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Recall(_message.Message):
    __slots__ = ("header", "address", "packet", "order", "answer")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PACKET_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    address: _flow_pb2.Address
    packet: bytes
    order: RecallOrder
    answer: RecallAnswer
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., address: _Optional[_Union[_flow_pb2.Address, _Mapping]] = ..., packet: _Optional[bytes] = ..., order: _Optional[_Union[RecallOrder, _Mapping]] = ..., answer: _Optional[_Union[RecallAnswer, _Mapping]] = ...) -> None: ...

class RecallOrder(_message.Message):
    __slots__ = ("grant", "slots", "whole", "reason", "respond_by_ms", "acted_by")
    GRANT_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    WHOLE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RESPOND_BY_MS_FIELD_NUMBER: _ClassVar[int]
    ACTED_BY_FIELD_NUMBER: _ClassVar[int]
    grant: bytes
    slots: _containers.RepeatedScalarFieldContainer[int]
    whole: bool
    reason: str
    respond_by_ms: int
    acted_by: _statement_pb2.ActedBy
    def __init__(self, grant: _Optional[bytes] = ..., slots: _Optional[_Iterable[int]] = ..., whole: _Optional[bool] = ..., reason: _Optional[str] = ..., respond_by_ms: _Optional[int] = ..., acted_by: _Optional[_Union[_statement_pb2.ActedBy, _Mapping]] = ...) -> None: ...

class RecallAnswer(_message.Message):
    __slots__ = ("recall", "ground", "reach", "acted_by")
    RECALL_FIELD_NUMBER: _ClassVar[int]
    GROUND_FIELD_NUMBER: _ClassVar[int]
    REACH_FIELD_NUMBER: _ClassVar[int]
    ACTED_BY_FIELD_NUMBER: _ClassVar[int]
    recall: bytes
    ground: str
    reach: _containers.RepeatedScalarFieldContainer[str]
    acted_by: _statement_pb2.ActedBy
    def __init__(self, recall: _Optional[bytes] = ..., ground: _Optional[str] = ..., reach: _Optional[_Iterable[str]] = ..., acted_by: _Optional[_Union[_statement_pb2.ActedBy, _Mapping]] = ...) -> None: ...
