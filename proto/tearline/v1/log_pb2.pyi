from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Equivocation(_message.Message):
    __slots__ = ("older", "newer", "root", "path")
    OLDER_FIELD_NUMBER: _ClassVar[int]
    NEWER_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    older: str
    newer: str
    root: bytes
    path: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, older: _Optional[str] = ..., newer: _Optional[str] = ..., root: _Optional[bytes] = ..., path: _Optional[_Iterable[bytes]] = ...) -> None: ...

class CosignRequest(_message.Message):
    __slots__ = ("checkpoint", "evidence", "wait", "clock_ms")
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    CLOCK_MS_FIELD_NUMBER: _ClassVar[int]
    checkpoint: str
    evidence: _containers.RepeatedCompositeFieldContainer[Equivocation]
    wait: bool
    clock_ms: int
    def __init__(self, checkpoint: _Optional[str] = ..., evidence: _Optional[_Iterable[_Union[Equivocation, _Mapping]]] = ..., wait: _Optional[bool] = ..., clock_ms: _Optional[int] = ...) -> None: ...

class CosignReply(_message.Message):
    __slots__ = ("checkpoints", "evidence", "pause_ms")
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    PAUSE_MS_FIELD_NUMBER: _ClassVar[int]
    checkpoints: _containers.RepeatedScalarFieldContainer[str]
    evidence: _containers.RepeatedCompositeFieldContainer[Equivocation]
    pause_ms: int
    def __init__(self, checkpoints: _Optional[_Iterable[str]] = ..., evidence: _Optional[_Iterable[_Union[Equivocation, _Mapping]]] = ..., pause_ms: _Optional[int] = ...) -> None: ...
