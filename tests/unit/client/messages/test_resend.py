"""What becomes of a withdrawal that the exchange refuses."""

import pytest

from support.agencies import AGREEMENT_ID, MX, US, federation, node_of
from tearline.errors import GrantHandedOut, SignerKeyUnknown, StatementMalformed
from tearline.statements.channel import Address, Void, VoidReason
from tearline.statements.statement import Header, Statement, StatementType
from tearline.wire.grants import encode_void, parse_void
from tearline_client.messages.resend import replacement_for

HEADER = federation().node(US).header
LATER = federation().node(MX).header
ADDRESS = Address(recipient=node_of(MX), agreement_id=AGREEMENT_ID, seq=1)


def withdrawal(header: Header = HEADER) -> Statement:
    void = Void(header=header, address=ADDRESS, reason=VoidReason.EXPIRED, withdraws=b"g" * 32)
    return Statement(type=StatementType.VOID, body=encode_void(void), inclusions=())


def test_nothing_takes_the_place_of_a_withdrawal_that_came_too_late() -> None:
    """The grant stands there."""
    assert (
        replacement_for(withdrawal(), GrantHandedOut.code, final=True, header=HEADER, now_ms=0)
        is None
    )


def test_a_withdrawal_that_was_not_ruled_on_is_signed_anew() -> None:
    again = replacement_for(
        withdrawal(), SignerKeyUnknown.code, final=False, header=LATER, now_ms=0
    )
    assert again == (StatementType.VOID, withdrawal(LATER).body)
    assert parse_void(again[1]).withdraws == b"g" * 32


@pytest.mark.parametrize(
    ("reason", "withdraws"), [(VoidReason.REFUSED, b"g" * 32), (VoidReason.EXPIRED, b"g" * 31)]
)
def test_an_impossible_withdrawal_is_malformed(reason: VoidReason, withdraws: bytes) -> None:
    with pytest.raises(StatementMalformed):
        Void(header=HEADER, address=ADDRESS, reason=reason, withdraws=withdraws)
