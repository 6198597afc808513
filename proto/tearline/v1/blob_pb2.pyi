from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class BlobOffer(_message.Message):
    __slots__ = ("id", "size", "leaves")
    ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    LEAVES_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    size: int
    leaves: bytes
    def __init__(self, id: _Optional[bytes] = ..., size: _Optional[int] = ..., leaves: _Optional[bytes] = ...) -> None: ...

class BlobState(_message.Message):
    __slots__ = ("parts",)
    PARTS_FIELD_NUMBER: _ClassVar[int]
    parts: int
    def __init__(self, parts: _Optional[int] = ...) -> None: ...

class BlobPart(_message.Message):
    __slots__ = ("id", "number", "data")
    ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    number: int
    data: bytes
    def __init__(self, id: _Optional[bytes] = ..., number: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class BlobQuestion(_message.Message):
    __slots__ = ("grant", "slot", "number")
    GRANT_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    grant: bytes
    slot: int
    number: int
    def __init__(self, grant: _Optional[bytes] = ..., slot: _Optional[int] = ..., number: _Optional[int] = ...) -> None: ...

class BlobLeaves(_message.Message):
    __slots__ = ("leaves",)
    LEAVES_FIELD_NUMBER: _ClassVar[int]
    leaves: bytes
    def __init__(self, leaves: _Optional[bytes] = ...) -> None: ...
