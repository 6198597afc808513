from tearline.v1 import statement_pb2 as _statement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AgreementRef(_message.Message):
    __slots__ = ("id", "version", "article")
    ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ARTICLE_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    version: int
    article: str
    def __init__(self, id: _Optional[bytes] = ..., version: _Optional[int] = ..., article: _Optional[str] = ...) -> None: ...

class Pins(_message.Message):
    __slots__ = ("policy", "schema", "profile", "masks")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    MASKS_FIELD_NUMBER: _ClassVar[int]
    policy: bytes
    schema: bytes
    profile: bytes
    masks: bytes
    def __init__(self, policy: _Optional[bytes] = ..., schema: _Optional[bytes] = ..., profile: _Optional[bytes] = ..., masks: _Optional[bytes] = ...) -> None: ...

class Manifest(_message.Message):
    __slots__ = ("header", "packet_id", "not_after_ms", "kind", "agreement", "case_id", "urgency", "derived_from", "supersedes", "evaluation", "compartments", "slots", "ciphertexts_root")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PACKET_ID_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    URGENCY_FIELD_NUMBER: _ClassVar[int]
    DERIVED_FROM_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDES_FIELD_NUMBER: _ClassVar[int]
    EVALUATION_FIELD_NUMBER: _ClassVar[int]
    COMPARTMENTS_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    CIPHERTEXTS_ROOT_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    packet_id: bytes
    not_after_ms: int
    kind: str
    agreement: AgreementRef
    case_id: str
    urgency: str
    derived_from: _containers.RepeatedScalarFieldContainer[bytes]
    supersedes: bytes
    evaluation: str
    compartments: bytes
    slots: bytes
    ciphertexts_root: bytes
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., packet_id: _Optional[bytes] = ..., not_after_ms: _Optional[int] = ..., kind: _Optional[str] = ..., agreement: _Optional[_Union[AgreementRef, _Mapping]] = ..., case_id: _Optional[str] = ..., urgency: _Optional[str] = ..., derived_from: _Optional[_Iterable[bytes]] = ..., supersedes: _Optional[bytes] = ..., evaluation: _Optional[str] = ..., compartments: _Optional[bytes] = ..., slots: _Optional[bytes] = ..., ciphertexts_root: _Optional[bytes] = ...) -> None: ...

class Opening(_message.Message):
    __slots__ = ("compartment", "salt", "marking", "form", "mask", "slots")
    COMPARTMENT_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    MARKING_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    MASK_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    compartment: int
    salt: bytes
    marking: int
    form: int
    mask: str
    slots: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, compartment: _Optional[int] = ..., salt: _Optional[bytes] = ..., marking: _Optional[int] = ..., form: _Optional[int] = ..., mask: _Optional[str] = ..., slots: _Optional[_Iterable[int]] = ...) -> None: ...

class FieldPlain(_message.Message):
    __slots__ = ("entity", "name", "values", "media_type")
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    entity: bytes
    name: str
    values: _containers.RepeatedScalarFieldContainer[bytes]
    media_type: str
    def __init__(self, entity: _Optional[bytes] = ..., name: _Optional[str] = ..., values: _Optional[_Iterable[bytes]] = ..., media_type: _Optional[str] = ...) -> None: ...

class Release(_message.Message):
    __slots__ = ("openings", "compartments", "fields")
    OPENINGS_FIELD_NUMBER: _ClassVar[int]
    COMPARTMENTS_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    openings: _containers.RepeatedCompositeFieldContainer[OpeningRelease]
    compartments: _containers.RepeatedCompositeFieldContainer[CompartmentRelease]
    fields: _containers.RepeatedCompositeFieldContainer[FieldRelease]
    def __init__(self, openings: _Optional[_Iterable[_Union[OpeningRelease, _Mapping]]] = ..., compartments: _Optional[_Iterable[_Union[CompartmentRelease, _Mapping]]] = ..., fields: _Optional[_Iterable[_Union[FieldRelease, _Mapping]]] = ...) -> None: ...

class OpeningRelease(_message.Message):
    __slots__ = ("opening", "reason")
    OPENING_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    opening: Opening
    reason: int
    def __init__(self, opening: _Optional[_Union[Opening, _Mapping]] = ..., reason: _Optional[int] = ...) -> None: ...

class CompartmentRelease(_message.Message):
    __slots__ = ("compartment", "key", "marking", "form", "mask", "slots")
    COMPARTMENT_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    MARKING_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    MASK_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    compartment: int
    key: bytes
    marking: int
    form: int
    mask: str
    slots: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, compartment: _Optional[int] = ..., key: _Optional[bytes] = ..., marking: _Optional[int] = ..., form: _Optional[int] = ..., mask: _Optional[str] = ..., slots: _Optional[_Iterable[int]] = ...) -> None: ...

class FieldRelease(_message.Message):
    __slots__ = ("slot", "secret", "marking", "form", "mask")
    SLOT_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    MARKING_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    MASK_FIELD_NUMBER: _ClassVar[int]
    slot: int
    secret: bytes
    marking: int
    form: int
    mask: str
    def __init__(self, slot: _Optional[int] = ..., secret: _Optional[bytes] = ..., marking: _Optional[int] = ..., form: _Optional[int] = ..., mask: _Optional[str] = ...) -> None: ...

class Ciphertext(_message.Message):
    __slots__ = ("slot", "data")
    SLOT_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    slot: int
    data: bytes
    def __init__(self, slot: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...
