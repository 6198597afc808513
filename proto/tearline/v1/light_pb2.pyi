from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class NoteLine(_message.Message):
    __slots__ = ("name", "key_hash", "payload")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KEY_HASH_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    name: str
    key_hash: bytes
    payload: bytes
    def __init__(self, name: _Optional[str] = ..., key_hash: _Optional[bytes] = ..., payload: _Optional[bytes] = ...) -> None: ...

class DirectoryLeaf(_message.Message):
    __slots__ = ("state", "siblings", "other")
    STATE_FIELD_NUMBER: _ClassVar[int]
    SIBLINGS_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_NUMBER: _ClassVar[int]
    state: bytes
    siblings: _containers.RepeatedScalarFieldContainer[bytes]
    other: bytes
    def __init__(self, state: _Optional[bytes] = ..., siblings: _Optional[_Iterable[bytes]] = ..., other: _Optional[bytes] = ...) -> None: ...

class LightTurnRequest(_message.Message):
    __slots__ = ("size", "decision", "keys")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    size: int
    decision: bytes
    keys: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, size: _Optional[int] = ..., decision: _Optional[bytes] = ..., keys: _Optional[_Iterable[bytes]] = ...) -> None: ...

class LightTurn(_message.Message):
    __slots__ = ("size", "root", "lines", "directory", "last", "consistency", "federation", "amendment", "keys", "own")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    FEDERATION_FIELD_NUMBER: _ClassVar[int]
    AMENDMENT_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    OWN_FIELD_NUMBER: _ClassVar[int]
    size: int
    root: bytes
    lines: _containers.RepeatedCompositeFieldContainer[NoteLine]
    directory: bytes
    last: _containers.RepeatedScalarFieldContainer[bytes]
    consistency: _containers.RepeatedScalarFieldContainer[bytes]
    federation: DirectoryLeaf
    amendment: bytes
    keys: _containers.RepeatedScalarFieldContainer[bytes]
    own: DirectoryLeaf
    def __init__(self, size: _Optional[int] = ..., root: _Optional[bytes] = ..., lines: _Optional[_Iterable[_Union[NoteLine, _Mapping]]] = ..., directory: _Optional[bytes] = ..., last: _Optional[_Iterable[bytes]] = ..., consistency: _Optional[_Iterable[bytes]] = ..., federation: _Optional[_Union[DirectoryLeaf, _Mapping]] = ..., amendment: _Optional[bytes] = ..., keys: _Optional[_Iterable[bytes]] = ..., own: _Optional[_Union[DirectoryLeaf, _Mapping]] = ...) -> None: ...

class LeavesRequest(_message.Message):
    __slots__ = ("size", "agencies")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    AGENCIES_FIELD_NUMBER: _ClassVar[int]
    size: int
    agencies: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, size: _Optional[int] = ..., agencies: _Optional[_Iterable[str]] = ...) -> None: ...

class Leaves(_message.Message):
    __slots__ = ("size", "leaves")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    LEAVES_FIELD_NUMBER: _ClassVar[int]
    size: int
    leaves: _containers.RepeatedCompositeFieldContainer[DirectoryLeaf]
    def __init__(self, size: _Optional[int] = ..., leaves: _Optional[_Iterable[_Union[DirectoryLeaf, _Mapping]]] = ...) -> None: ...

class LightEntriesRequest(_message.Message):
    __slots__ = ("size", "indexes", "agency", "part", "start")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    INDEXES_FIELD_NUMBER: _ClassVar[int]
    AGENCY_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    size: int
    indexes: _containers.RepeatedScalarFieldContainer[int]
    agency: str
    part: int
    start: int
    def __init__(self, size: _Optional[int] = ..., indexes: _Optional[_Iterable[int]] = ..., agency: _Optional[str] = ..., part: _Optional[int] = ..., start: _Optional[int] = ...) -> None: ...

class LightEntry(_message.Message):
    __slots__ = ("index", "entry", "path")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    index: int
    entry: bytes
    path: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, index: _Optional[int] = ..., entry: _Optional[bytes] = ..., path: _Optional[_Iterable[bytes]] = ...) -> None: ...

class LightEntries(_message.Message):
    __slots__ = ("entries", "next")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[LightEntry]
    next: int
    def __init__(self, entries: _Optional[_Iterable[_Union[LightEntry, _Mapping]]] = ..., next: _Optional[int] = ...) -> None: ...
