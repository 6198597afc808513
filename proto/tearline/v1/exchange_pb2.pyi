from tearline.v1 import statement_pb2 as _statement_pb2
from tearline.v1 import packet_pb2 as _packet_pb2
from tearline.v1 import flow_pb2 as _flow_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PacketParts(_message.Message):
    __slots__ = ("manifest", "openings", "ciphertexts", "slot_count", "path", "lengths", "blobs")
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    OPENINGS_FIELD_NUMBER: _ClassVar[int]
    CIPHERTEXTS_FIELD_NUMBER: _ClassVar[int]
    SLOT_COUNT_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    LENGTHS_FIELD_NUMBER: _ClassVar[int]
    BLOBS_FIELD_NUMBER: _ClassVar[int]
    manifest: bytes
    openings: _containers.RepeatedScalarFieldContainer[bytes]
    ciphertexts: _containers.RepeatedCompositeFieldContainer[_packet_pb2.Ciphertext]
    slot_count: int
    path: _containers.RepeatedScalarFieldContainer[bytes]
    lengths: _containers.RepeatedScalarFieldContainer[int]
    blobs: _containers.RepeatedCompositeFieldContainer[BlobLink]
    def __init__(self, manifest: _Optional[bytes] = ..., openings: _Optional[_Iterable[bytes]] = ..., ciphertexts: _Optional[_Iterable[_Union[_packet_pb2.Ciphertext, _Mapping]]] = ..., slot_count: _Optional[int] = ..., path: _Optional[_Iterable[bytes]] = ..., lengths: _Optional[_Iterable[int]] = ..., blobs: _Optional[_Iterable[_Union[BlobLink, _Mapping]]] = ...) -> None: ...

class Openings(_message.Message):
    __slots__ = ("openings",)
    OPENINGS_FIELD_NUMBER: _ClassVar[int]
    openings: _containers.RepeatedCompositeFieldContainer[_packet_pb2.Opening]
    def __init__(self, openings: _Optional[_Iterable[_Union[_packet_pb2.Opening, _Mapping]]] = ...) -> None: ...

class BlobLink(_message.Message):
    __slots__ = ("slot", "id", "root")
    SLOT_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    slot: int
    id: bytes
    root: bytes
    def __init__(self, slot: _Optional[int] = ..., id: _Optional[bytes] = ..., root: _Optional[bytes] = ...) -> None: ...

class Publish(_message.Message):
    __slots__ = ("bundles", "signed", "parts", "order")
    BUNDLES_FIELD_NUMBER: _ClassVar[int]
    SIGNED_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    bundles: _containers.RepeatedCompositeFieldContainer[_statement_pb2.Bundle]
    signed: _containers.RepeatedCompositeFieldContainer[_statement_pb2.Signed]
    parts: _containers.RepeatedCompositeFieldContainer[PacketParts]
    order: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, bundles: _Optional[_Iterable[_Union[_statement_pb2.Bundle, _Mapping]]] = ..., signed: _Optional[_Iterable[_Union[_statement_pb2.Signed, _Mapping]]] = ..., parts: _Optional[_Iterable[_Union[PacketParts, _Mapping]]] = ..., order: _Optional[_Iterable[int]] = ...) -> None: ...

class Outcome(_message.Message):
    __slots__ = ("about", "receipt", "refusal")
    ABOUT_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    about: bytes
    receipt: _statement_pb2.Statement
    refusal: Refusal
    def __init__(self, about: _Optional[bytes] = ..., receipt: _Optional[_Union[_statement_pb2.Statement, _Mapping]] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("code", "why", "retry_after_ms")
    CODE_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    code: str
    why: str
    retry_after_ms: int
    def __init__(self, code: _Optional[str] = ..., why: _Optional[str] = ..., retry_after_ms: _Optional[int] = ...) -> None: ...

class PublishReply(_message.Message):
    __slots__ = ("outcomes", "attestations")
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedCompositeFieldContainer[Outcome]
    attestations: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, outcomes: _Optional[_Iterable[_Union[Outcome, _Mapping]]] = ..., attestations: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Cursor(_message.Message):
    __slots__ = ("epoch", "seq")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    epoch: bytes
    seq: int
    def __init__(self, epoch: _Optional[bytes] = ..., seq: _Optional[int] = ...) -> None: ...

class Delivery(_message.Message):
    __slots__ = ("epoch", "seq", "attestations", "statements", "parts", "entry")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    STATEMENTS_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    epoch: bytes
    seq: int
    attestations: _containers.RepeatedScalarFieldContainer[bytes]
    statements: _containers.RepeatedCompositeFieldContainer[_statement_pb2.Statement]
    parts: _containers.RepeatedCompositeFieldContainer[PacketParts]
    entry: _flow_pb2.LogOpening
    def __init__(self, epoch: _Optional[bytes] = ..., seq: _Optional[int] = ..., attestations: _Optional[_Iterable[bytes]] = ..., statements: _Optional[_Iterable[_Union[_statement_pb2.Statement, _Mapping]]] = ..., parts: _Optional[_Iterable[_Union[PacketParts, _Mapping]]] = ..., entry: _Optional[_Union[_flow_pb2.LogOpening, _Mapping]] = ...) -> None: ...

class EntriesRequest(_message.Message):
    __slots__ = ("start", "end", "to_directory")
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    TO_DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    start: int
    end: int
    to_directory: bool
    def __init__(self, start: _Optional[int] = ..., end: _Optional[int] = ..., to_directory: _Optional[bool] = ...) -> None: ...

class Entries(_message.Message):
    __slots__ = ("start", "entries", "checkpoint", "more")
    START_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    start: int
    entries: _containers.RepeatedScalarFieldContainer[bytes]
    checkpoint: str
    more: bool
    def __init__(self, start: _Optional[int] = ..., entries: _Optional[_Iterable[bytes]] = ..., checkpoint: _Optional[str] = ..., more: _Optional[bool] = ...) -> None: ...

class ProvenEvent(_message.Message):
    __slots__ = ("entry", "path", "size")
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    entry: _flow_pb2.LogOpening
    path: _containers.RepeatedScalarFieldContainer[bytes]
    size: int
    def __init__(self, entry: _Optional[_Union[_flow_pb2.LogOpening, _Mapping]] = ..., path: _Optional[_Iterable[bytes]] = ..., size: _Optional[int] = ...) -> None: ...

class ProvenEvents(_message.Message):
    __slots__ = ("events", "checkpoint", "next")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[ProvenEvent]
    checkpoint: str
    next: str
    def __init__(self, events: _Optional[_Iterable[_Union[ProvenEvent, _Mapping]]] = ..., checkpoint: _Optional[str] = ..., next: _Optional[str] = ...) -> None: ...

class SearchRequest(_message.Message):
    __slots__ = ("query", "after", "limit", "follow", "export")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    EXPORT_FIELD_NUMBER: _ClassVar[int]
    query: str
    after: int
    limit: int
    follow: bool
    export: bool
    def __init__(self, query: _Optional[str] = ..., after: _Optional[int] = ..., limit: _Optional[int] = ..., follow: _Optional[bool] = ..., export: _Optional[bool] = ...) -> None: ...
