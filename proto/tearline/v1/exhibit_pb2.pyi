from tearline.v1 import light_pb2 as _light_pb2
from tearline.v1 import statement_pb2 as _statement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Exhibit(_message.Message):
    __slots__ = ("checkpoint", "entries", "manifest", "fields", "receipts", "leaves", "keys")
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    LEAVES_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    checkpoint: str
    entries: _containers.RepeatedCompositeFieldContainer[ProvenEntry]
    manifest: _statement_pb2.Signed
    fields: _containers.RepeatedCompositeFieldContainer[ShownField]
    receipts: _containers.RepeatedCompositeFieldContainer[_statement_pb2.Signed]
    leaves: _containers.RepeatedCompositeFieldContainer[_light_pb2.DirectoryLeaf]
    keys: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, checkpoint: _Optional[str] = ..., entries: _Optional[_Iterable[_Union[ProvenEntry, _Mapping]]] = ..., manifest: _Optional[_Union[_statement_pb2.Signed, _Mapping]] = ..., fields: _Optional[_Iterable[_Union[ShownField, _Mapping]]] = ..., receipts: _Optional[_Iterable[_Union[_statement_pb2.Signed, _Mapping]]] = ..., leaves: _Optional[_Iterable[_Union[_light_pb2.DirectoryLeaf, _Mapping]]] = ..., keys: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ProvenEntry(_message.Message):
    __slots__ = ("index", "content", "path")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    index: int
    content: bytes
    path: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, index: _Optional[int] = ..., content: _Optional[bytes] = ..., path: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ShownField(_message.Message):
    __slots__ = ("slot", "salt", "plaintext", "marking", "form", "mask")
    SLOT_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    PLAINTEXT_FIELD_NUMBER: _ClassVar[int]
    MARKING_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    MASK_FIELD_NUMBER: _ClassVar[int]
    slot: int
    salt: bytes
    plaintext: bytes
    marking: str
    form: int
    mask: str
    def __init__(self, slot: _Optional[int] = ..., salt: _Optional[bytes] = ..., plaintext: _Optional[bytes] = ..., marking: _Optional[str] = ..., form: _Optional[int] = ..., mask: _Optional[str] = ...) -> None: ...
