from tearline.v1 import statement_pb2 as _statement_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Proposal(_message.Message):
    __slots__ = ("header", "agreement", "declined", "in_reply_to", "answer_by_ms")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    DECLINED_FIELD_NUMBER: _ClassVar[int]
    IN_REPLY_TO_FIELD_NUMBER: _ClassVar[int]
    ANSWER_BY_MS_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    agreement: _statement_pb2.Signed
    declined: bool
    in_reply_to: bytes
    answer_by_ms: int
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., agreement: _Optional[_Union[_statement_pb2.Signed, _Mapping]] = ..., declined: _Optional[bool] = ..., in_reply_to: _Optional[bytes] = ..., answer_by_ms: _Optional[int] = ...) -> None: ...
