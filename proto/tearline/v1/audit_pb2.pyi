from tearline.v1 import statement_pb2 as _statement_pb2
from tearline.v1 import exhibit_pb2 as _exhibit_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AuditExport(_message.Message):
    __slots__ = ("header", "format", "digest", "entries", "query", "checkpoint", "acted_by", "time_ms")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    ACTED_BY_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    format: str
    digest: bytes
    entries: int
    query: str
    checkpoint: str
    acted_by: _statement_pb2.ActedBy
    time_ms: int
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., format: _Optional[str] = ..., digest: _Optional[bytes] = ..., entries: _Optional[int] = ..., query: _Optional[str] = ..., checkpoint: _Optional[str] = ..., acted_by: _Optional[_Union[_statement_pb2.ActedBy, _Mapping]] = ..., time_ms: _Optional[int] = ...) -> None: ...

class ExportManifest(_message.Message):
    __slots__ = ("export", "entries")
    EXPORT_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    export: _statement_pb2.Signed
    entries: _containers.RepeatedCompositeFieldContainer[_exhibit_pb2.ProvenEntry]
    def __init__(self, export: _Optional[_Union[_statement_pb2.Signed, _Mapping]] = ..., entries: _Optional[_Iterable[_Union[_exhibit_pb2.ProvenEntry, _Mapping]]] = ...) -> None: ...
