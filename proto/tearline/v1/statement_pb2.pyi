from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Header(_message.Message):
    __slots__ = ("federation", "signer", "key_id")
    FEDERATION_FIELD_NUMBER: _ClassVar[int]
    SIGNER_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    federation: bytes
    signer: str
    key_id: bytes
    def __init__(self, federation: _Optional[bytes] = ..., signer: _Optional[str] = ..., key_id: _Optional[bytes] = ...) -> None: ...

class ActedBy(_message.Message):
    __slots__ = ("pseudonym", "role", "token_hash", "time_ms")
    PSEUDONYM_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    TOKEN_HASH_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    pseudonym: bytes
    role: str
    token_hash: bytes
    time_ms: int
    def __init__(self, pseudonym: _Optional[bytes] = ..., role: _Optional[str] = ..., token_hash: _Optional[bytes] = ..., time_ms: _Optional[int] = ...) -> None: ...

class Attestation(_message.Message):
    __slots__ = ("federation", "signer", "key_id", "size", "root", "signature")
    FEDERATION_FIELD_NUMBER: _ClassVar[int]
    SIGNER_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    federation: bytes
    signer: str
    key_id: bytes
    size: int
    root: bytes
    signature: bytes
    def __init__(self, federation: _Optional[bytes] = ..., signer: _Optional[str] = ..., key_id: _Optional[bytes] = ..., size: _Optional[int] = ..., root: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Inclusion(_message.Message):
    __slots__ = ("attestation", "salt", "index", "path")
    ATTESTATION_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    attestation: bytes
    salt: bytes
    index: int
    path: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, attestation: _Optional[bytes] = ..., salt: _Optional[bytes] = ..., index: _Optional[int] = ..., path: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Statement(_message.Message):
    __slots__ = ("type", "body", "inclusions")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    INCLUSIONS_FIELD_NUMBER: _ClassVar[int]
    type: int
    body: bytes
    inclusions: _containers.RepeatedCompositeFieldContainer[Inclusion]
    def __init__(self, type: _Optional[int] = ..., body: _Optional[bytes] = ..., inclusions: _Optional[_Iterable[_Union[Inclusion, _Mapping]]] = ...) -> None: ...

class Signed(_message.Message):
    __slots__ = ("statement", "attestations")
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    statement: Statement
    attestations: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, statement: _Optional[_Union[Statement, _Mapping]] = ..., attestations: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Bundle(_message.Message):
    __slots__ = ("attestation", "index", "leaves", "path")
    ATTESTATION_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LEAVES_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    attestation: bytes
    index: int
    leaves: _containers.RepeatedCompositeFieldContainer[Leaf]
    path: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, attestation: _Optional[bytes] = ..., index: _Optional[int] = ..., leaves: _Optional[_Iterable[_Union[Leaf, _Mapping]]] = ..., path: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Leaf(_message.Message):
    __slots__ = ("type", "body", "salt", "hash")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    type: int
    body: bytes
    salt: bytes
    hash: bytes
    def __init__(self, type: _Optional[int] = ..., body: _Optional[bytes] = ..., salt: _Optional[bytes] = ..., hash: _Optional[bytes] = ...) -> None: ...
