from tearline.v1 import statement_pb2 as _statement_pb2
from tearline.v1 import flow_pb2 as _flow_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CaseStep(_message.Message):
    __slots__ = ("header", "address", "case_id", "number", "phase", "kem_key_id", "acted_by", "sealed")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    KEM_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    ACTED_BY_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    address: _flow_pb2.Address
    case_id: bytes
    number: int
    phase: str
    kem_key_id: bytes
    acted_by: _statement_pb2.ActedBy
    sealed: bytes
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., address: _Optional[_Union[_flow_pb2.Address, _Mapping]] = ..., case_id: _Optional[bytes] = ..., number: _Optional[int] = ..., phase: _Optional[str] = ..., kem_key_id: _Optional[bytes] = ..., acted_by: _Optional[_Union[_statement_pb2.ActedBy, _Mapping]] = ..., sealed: _Optional[bytes] = ...) -> None: ...

class CaseNote(_message.Message):
    __slots__ = ("title", "summary", "members", "asked", "consents", "objections")
    TITLE_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    ASKED_FIELD_NUMBER: _ClassVar[int]
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    OBJECTIONS_FIELD_NUMBER: _ClassVar[int]
    title: str
    summary: str
    members: _containers.RepeatedScalarFieldContainer[str]
    asked: _containers.RepeatedScalarFieldContainer[str]
    consents: _containers.RepeatedScalarFieldContainer[str]
    objections: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, title: _Optional[str] = ..., summary: _Optional[str] = ..., members: _Optional[_Iterable[str]] = ..., asked: _Optional[_Iterable[str]] = ..., consents: _Optional[_Iterable[str]] = ..., objections: _Optional[_Iterable[str]] = ...) -> None: ...
