from tearline.v1 import exhibit_pb2 as _exhibit_pb2
from tearline.v1 import flow_pb2 as _flow_pb2
from tearline.v1 import statement_pb2 as _statement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Erasure(_message.Message):
    __slots__ = ("header", "agreement_id", "indices", "parties", "reason", "agreement_version", "latest_ms")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    INDICES_FIELD_NUMBER: _ClassVar[int]
    PARTIES_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    LATEST_MS_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    agreement_id: bytes
    indices: _containers.RepeatedScalarFieldContainer[int]
    parties: _containers.RepeatedScalarFieldContainer[str]
    reason: str
    agreement_version: int
    latest_ms: int
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., agreement_id: _Optional[bytes] = ..., indices: _Optional[_Iterable[int]] = ..., parties: _Optional[_Iterable[str]] = ..., reason: _Optional[str] = ..., agreement_version: _Optional[int] = ..., latest_ms: _Optional[int] = ...) -> None: ...

class ErasedEntry(_message.Message):
    __slots__ = ("entry", "order", "erased", "path", "entries", "agreement")
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    ERASED_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    entry: bytes
    order: _statement_pb2.Signed
    erased: _flow_pb2.LogOpening
    path: _containers.RepeatedScalarFieldContainer[bytes]
    entries: _containers.RepeatedCompositeFieldContainer[_exhibit_pb2.ProvenEntry]
    agreement: ProvenAgreement
    def __init__(self, entry: _Optional[bytes] = ..., order: _Optional[_Union[_statement_pb2.Signed, _Mapping]] = ..., erased: _Optional[_Union[_flow_pb2.LogOpening, _Mapping]] = ..., path: _Optional[_Iterable[bytes]] = ..., entries: _Optional[_Iterable[_Union[_exhibit_pb2.ProvenEntry, _Mapping]]] = ..., agreement: _Optional[_Union[ProvenAgreement, _Mapping]] = ...) -> None: ...

class ProvenAgreement(_message.Message):
    __slots__ = ("agreement", "entry", "path")
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    agreement: _statement_pb2.Signed
    entry: _flow_pb2.LogOpening
    path: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, agreement: _Optional[_Union[_statement_pb2.Signed, _Mapping]] = ..., entry: _Optional[_Union[_flow_pb2.LogOpening, _Mapping]] = ..., path: _Optional[_Iterable[bytes]] = ...) -> None: ...
