from tearline.v1 import flow_pb2 as _flow_pb2
from tearline.v1 import statement_pb2 as _statement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RequestStep(_message.Message):
    __slots__ = ("header", "address", "request", "kind", "number", "known", "extension_ms", "urgency", "permit", "entry", "acted_by", "kem_key_id", "sealed")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    EXTENSION_MS_FIELD_NUMBER: _ClassVar[int]
    URGENCY_FIELD_NUMBER: _ClassVar[int]
    PERMIT_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    ACTED_BY_FIELD_NUMBER: _ClassVar[int]
    KEM_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    address: _flow_pb2.Address
    request: bytes
    kind: str
    number: int
    known: int
    extension_ms: int
    urgency: str
    permit: bool
    entry: int
    acted_by: _statement_pb2.ActedBy
    kem_key_id: bytes
    sealed: bytes
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., address: _Optional[_Union[_flow_pb2.Address, _Mapping]] = ..., request: _Optional[bytes] = ..., kind: _Optional[str] = ..., number: _Optional[int] = ..., known: _Optional[int] = ..., extension_ms: _Optional[int] = ..., urgency: _Optional[str] = ..., permit: _Optional[bool] = ..., entry: _Optional[int] = ..., acted_by: _Optional[_Union[_statement_pb2.ActedBy, _Mapping]] = ..., kem_key_id: _Optional[bytes] = ..., sealed: _Optional[bytes] = ...) -> None: ...

class ItemOutcome(_message.Message):
    __slots__ = ("number", "ground")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    GROUND_FIELD_NUMBER: _ClassVar[int]
    number: int
    ground: str
    def __init__(self, number: _Optional[int] = ..., ground: _Optional[str] = ...) -> None: ...

class RequestNote(_message.Message):
    __slots__ = ("items", "answer", "text", "useful")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    USEFUL_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[ItemOutcome]
    answer: bytes
    text: str
    useful: int
    def __init__(self, items: _Optional[_Iterable[_Union[ItemOutcome, _Mapping]]] = ..., answer: _Optional[bytes] = ..., text: _Optional[str] = ..., useful: _Optional[int] = ...) -> None: ...
