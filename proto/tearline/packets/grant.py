"""Grant: a release of parts of one packet to one recipient.

The first release, a later one and one of a single further field are the same type of statement. A
grant lists its releases by index, so that the exchange can check it against the agreement. It
carries the keys in a part sealed to the recipient's encryption key. Recipients do not see each
other's grants.
"""

from tearline.dataclass.immutable import immutable
from tearline.encoding import is_ascending
from tearline.errors import StatementMalformed
from tearline.limits import MAX_COMPARTMENTS, MAX_SLOTS, MAX_TEXT_BYTES, MAX_TIME_MS
from tearline.policy.marking import HANDLING_CODES, Pap
from tearline.statements.channel import Address, verify_sealed
from tearline.statements.statement import HASH_SIZE, ActedBy, Header

GRANT_ID_SIZE = 16


@immutable
class Caveats:
    """Conditions on the recipient's use.

    Attributes:
        handling: Handling codes H1 to H3, ascending.
        orcon: Whether passing on requires the originator's grant.
        pap: The permissible actions protocol level.
    """

    handling: tuple[str, ...]
    orcon: bool
    pap: Pap

    def __post_init__(self) -> None:
        if self.handling != tuple(code for code in HANDLING_CODES if code in self.handling):
            raise StatementMalformed("handling codes are H1 to H3, each once, ascending")


@immutable
class Grant:
    """Release to one recipient.

    Attributes:
        header: The grantor: a node of the packet's originator.
        address: Recipient, agreement and place in the channel.
        grant_id: 16 random bytes.
        packet: 32 bytes, the statement id of the manifest.
        kem_key_id: 32 bytes, the recipient's key that ``sealed`` is sealed to.
        not_after_ms: Expiry of the grant, Unix milliseconds.
        purpose: The recipient's permitted purpose, in the agreement's words.
        caveats: Conditions on use.
        openings: Compartments with only their existence disclosed; ascending.
        compartments: Compartments released whole; ascending.
        fields: Slots released singly; ascending.
        acted_by: The releasing person, or None for a machine duty.
        sealed: HPKE encapsulation and ciphertext of the release.
        seconded_by: The approver, if the article requires two persons; see
            ``tearline.persons.four_eyes``.
    """

    header: Header
    address: Address
    grant_id: bytes
    packet: bytes
    kem_key_id: bytes
    not_after_ms: int
    purpose: str
    caveats: Caveats
    openings: tuple[int, ...]
    compartments: tuple[int, ...]
    fields: tuple[int, ...]
    acted_by: ActedBy | None
    sealed: bytes
    seconded_by: ActedBy | None = None

    def __post_init__(self) -> None:
        sizes = (
            (self.grant_id, GRANT_ID_SIZE),
            (self.packet, HASH_SIZE),
            (self.kem_key_id, HASH_SIZE),
        )
        if any(len(value) != size for value, size in sizes):
            raise StatementMalformed("a part of the grant has the wrong size")
        verify_sealed(self.sealed)
        if len(self.purpose.encode()) > MAX_TEXT_BYTES:
            raise StatementMalformed("the purpose is too long")
        if not 0 <= self.not_after_ms <= MAX_TIME_MS:
            raise StatementMalformed("the expiry of the grant is out of range")
        for indices, limit in (
            (self.openings, MAX_COMPARTMENTS),
            (self.compartments, MAX_COMPARTMENTS),
            (self.fields, MAX_SLOTS),
        ):
            outside = indices and (indices[0] < 0 or indices[-1] >= limit)
            if outside or not is_ascending(indices):
                raise StatementMalformed("a grant lists each index once, in order")
        if set(self.openings) & set(self.compartments):
            raise StatementMalformed("a compartment is either disclosed or released, not both")
        if not (self.openings or self.compartments or self.fields):
            raise StatementMalformed("the grant is empty")
        if self.seconded_by is not None and self.acted_by is None:
            raise StatementMalformed("a grant with an approver names the drafter, too")
