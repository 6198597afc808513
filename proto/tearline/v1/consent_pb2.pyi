from tearline.v1 import flow_pb2 as _flow_pb2
from tearline.v1 import statement_pb2 as _statement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Consent(_message.Message):
    __slots__ = ("header", "address", "consent_id", "step", "use", "packet", "ends_ms", "kem_key_id", "acted_by", "sealed", "seconded_by")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    PACKET_FIELD_NUMBER: _ClassVar[int]
    ENDS_MS_FIELD_NUMBER: _ClassVar[int]
    KEM_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    ACTED_BY_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    SECONDED_BY_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    address: _flow_pb2.Address
    consent_id: bytes
    step: str
    use: str
    packet: bytes
    ends_ms: int
    kem_key_id: bytes
    acted_by: _statement_pb2.ActedBy
    sealed: bytes
    seconded_by: _statement_pb2.ActedBy
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., address: _Optional[_Union[_flow_pb2.Address, _Mapping]] = ..., consent_id: _Optional[bytes] = ..., step: _Optional[str] = ..., use: _Optional[str] = ..., packet: _Optional[bytes] = ..., ends_ms: _Optional[int] = ..., kem_key_id: _Optional[bytes] = ..., acted_by: _Optional[_Union[_statement_pb2.ActedBy, _Mapping]] = ..., sealed: _Optional[bytes] = ..., seconded_by: _Optional[_Union[_statement_pb2.ActedBy, _Mapping]] = ...) -> None: ...

class ConsentTerms(_message.Message):
    __slots__ = ("fields", "scope", "note")
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    fields: _containers.RepeatedScalarFieldContainer[str]
    scope: str
    note: str
    def __init__(self, fields: _Optional[_Iterable[str]] = ..., scope: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...
