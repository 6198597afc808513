from tearline.v1 import flow_pb2 as _flow_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Standing(_message.Message):
    __slots__ = ("recipient", "agreement_id", "seq", "mark")
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    MARK_FIELD_NUMBER: _ClassVar[int]
    recipient: str
    agreement_id: bytes
    seq: int
    mark: int
    def __init__(self, recipient: _Optional[str] = ..., agreement_id: _Optional[bytes] = ..., seq: _Optional[int] = ..., mark: _Optional[int] = ...) -> None: ...

class ReconcileRequest(_message.Message):
    __slots__ = ("confirmed", "openings", "after")
    CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    OPENINGS_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    confirmed: _containers.RepeatedCompositeFieldContainer[Standing]
    openings: _containers.RepeatedCompositeFieldContainer[_flow_pb2.LogOpening]
    after: int
    def __init__(self, confirmed: _Optional[_Iterable[_Union[Standing, _Mapping]]] = ..., openings: _Optional[_Iterable[_Union[_flow_pb2.LogOpening, _Mapping]]] = ..., after: _Optional[int] = ...) -> None: ...

class ReconcileReply(_message.Message):
    __slots__ = ("epoch", "channels", "unopened")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    UNOPENED_FIELD_NUMBER: _ClassVar[int]
    epoch: bytes
    channels: _containers.RepeatedCompositeFieldContainer[Standing]
    unopened: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, epoch: _Optional[bytes] = ..., channels: _Optional[_Iterable[_Union[Standing, _Mapping]]] = ..., unopened: _Optional[_Iterable[int]] = ...) -> None: ...
