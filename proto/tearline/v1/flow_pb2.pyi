from tearline.v1 import statement_pb2 as _statement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Address(_message.Message):
    __slots__ = ("recipient", "agreement_id", "seq")
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    recipient: str
    agreement_id: bytes
    seq: int
    def __init__(self, recipient: _Optional[str] = ..., agreement_id: _Optional[bytes] = ..., seq: _Optional[int] = ...) -> None: ...

class Caveats(_message.Message):
    __slots__ = ("handling", "orcon", "pap")
    HANDLING_FIELD_NUMBER: _ClassVar[int]
    ORCON_FIELD_NUMBER: _ClassVar[int]
    PAP_FIELD_NUMBER: _ClassVar[int]
    handling: _containers.RepeatedScalarFieldContainer[str]
    orcon: bool
    pap: str
    def __init__(self, handling: _Optional[_Iterable[str]] = ..., orcon: _Optional[bool] = ..., pap: _Optional[str] = ...) -> None: ...

class Grant(_message.Message):
    __slots__ = ("header", "address", "grant_id", "packet", "kem_key_id", "not_after_ms", "purpose", "caveats", "openings", "compartments", "fields", "acted_by", "sealed", "seconded_by")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    PACKET_FIELD_NUMBER: _ClassVar[int]
    KEM_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    CAVEATS_FIELD_NUMBER: _ClassVar[int]
    OPENINGS_FIELD_NUMBER: _ClassVar[int]
    COMPARTMENTS_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    ACTED_BY_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    SECONDED_BY_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    address: Address
    grant_id: bytes
    packet: bytes
    kem_key_id: bytes
    not_after_ms: int
    purpose: str
    caveats: Caveats
    openings: _containers.RepeatedScalarFieldContainer[int]
    compartments: _containers.RepeatedScalarFieldContainer[int]
    fields: _containers.RepeatedScalarFieldContainer[int]
    acted_by: _statement_pb2.ActedBy
    sealed: bytes
    seconded_by: _statement_pb2.ActedBy
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., address: _Optional[_Union[Address, _Mapping]] = ..., grant_id: _Optional[bytes] = ..., packet: _Optional[bytes] = ..., kem_key_id: _Optional[bytes] = ..., not_after_ms: _Optional[int] = ..., purpose: _Optional[str] = ..., caveats: _Optional[_Union[Caveats, _Mapping]] = ..., openings: _Optional[_Iterable[int]] = ..., compartments: _Optional[_Iterable[int]] = ..., fields: _Optional[_Iterable[int]] = ..., acted_by: _Optional[_Union[_statement_pb2.ActedBy, _Mapping]] = ..., sealed: _Optional[bytes] = ..., seconded_by: _Optional[_Union[_statement_pb2.ActedBy, _Mapping]] = ...) -> None: ...

class LogOpening(_message.Message):
    __slots__ = ("index", "salt", "event")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    index: int
    salt: bytes
    event: bytes
    def __init__(self, index: _Optional[int] = ..., salt: _Optional[bytes] = ..., event: _Optional[bytes] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("header", "address", "about", "status", "code", "entry", "acted_by", "time_ms")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    ABOUT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    ACTED_BY_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    address: Address
    about: bytes
    status: int
    code: str
    entry: LogOpening
    acted_by: _statement_pb2.ActedBy
    time_ms: int
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., address: _Optional[_Union[Address, _Mapping]] = ..., about: _Optional[bytes] = ..., status: _Optional[int] = ..., code: _Optional[str] = ..., entry: _Optional[_Union[LogOpening, _Mapping]] = ..., acted_by: _Optional[_Union[_statement_pb2.ActedBy, _Mapping]] = ..., time_ms: _Optional[int] = ...) -> None: ...

class Void(_message.Message):
    __slots__ = ("header", "address", "reason", "withdraws")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWS_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    address: Address
    reason: str
    withdraws: bytes
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., address: _Optional[_Union[Address, _Mapping]] = ..., reason: _Optional[str] = ..., withdraws: _Optional[bytes] = ...) -> None: ...

class Mark(_message.Message):
    __slots__ = ("header", "recipient", "agreement_id", "counter", "highest_sent", "highest_received", "time_ms")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    COUNTER_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_SENT_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    recipient: str
    agreement_id: bytes
    counter: int
    highest_sent: int
    highest_received: int
    time_ms: int
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., recipient: _Optional[str] = ..., agreement_id: _Optional[bytes] = ..., counter: _Optional[int] = ..., highest_sent: _Optional[int] = ..., highest_received: _Optional[int] = ..., time_ms: _Optional[int] = ...) -> None: ...

class Anchor(_message.Message):
    __slots__ = ("header", "number", "commitment")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    COMMITMENT_FIELD_NUMBER: _ClassVar[int]
    header: _statement_pb2.Header
    number: int
    commitment: bytes
    def __init__(self, header: _Optional[_Union[_statement_pb2.Header, _Mapping]] = ..., number: _Optional[int] = ..., commitment: _Optional[bytes] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("statement_id", "code", "party", "time_ms", "actor", "pseudonym", "counterpart", "packet", "agreement_id", "article", "purpose", "policy_digest", "decisions", "outcome", "reason", "count", "seconded_by")
    STATEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    PARTY_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    PSEUDONYM_FIELD_NUMBER: _ClassVar[int]
    COUNTERPART_FIELD_NUMBER: _ClassVar[int]
    PACKET_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ARTICLE_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    POLICY_DIGEST_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    SECONDED_BY_FIELD_NUMBER: _ClassVar[int]
    statement_id: bytes
    code: str
    party: str
    time_ms: int
    actor: str
    pseudonym: bytes
    counterpart: str
    packet: bytes
    agreement_id: bytes
    article: str
    purpose: str
    policy_digest: bytes
    decisions: _containers.RepeatedCompositeFieldContainer[Decision]
    outcome: str
    reason: str
    count: int
    seconded_by: bytes
    def __init__(self, statement_id: _Optional[bytes] = ..., code: _Optional[str] = ..., party: _Optional[str] = ..., time_ms: _Optional[int] = ..., actor: _Optional[str] = ..., pseudonym: _Optional[bytes] = ..., counterpart: _Optional[str] = ..., packet: _Optional[bytes] = ..., agreement_id: _Optional[bytes] = ..., article: _Optional[str] = ..., purpose: _Optional[str] = ..., policy_digest: _Optional[bytes] = ..., decisions: _Optional[_Iterable[_Union[Decision, _Mapping]]] = ..., outcome: _Optional[str] = ..., reason: _Optional[str] = ..., count: _Optional[int] = ..., seconded_by: _Optional[bytes] = ...) -> None: ...

class Decision(_message.Message):
    __slots__ = ("compartment", "category", "form", "policies", "slots")
    COMPARTMENT_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    compartment: int
    category: str
    form: str
    policies: _containers.RepeatedScalarFieldContainer[str]
    slots: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, compartment: _Optional[int] = ..., category: _Optional[str] = ..., form: _Optional[str] = ..., policies: _Optional[_Iterable[str]] = ..., slots: _Optional[_Iterable[int]] = ...) -> None: ...
