"""Judging steps of consents: the exchange cannot read them, and leaves them to their recipient."""

from tearline.consent import Consent
from tearline.event import EventCode
from tearline_server.judging.channels import relay
from tearline_server.judging.hearing import Hearing


def accept_consent(hearing: Hearing, consent: Consent) -> None:
    """Takes a step of a consent, and relays it.

    Whether its signer may take it, and where the consent stands by it, follows from the packet
    and the steps before, and both sides judge it by them; an entry of the log says for which
    packet something was asked or answered, and when.

    Raises:
        TearlineError: If the two are in no agreement, or the place is not the next one.
    """
    relay(
        hearing,
        consent.address,
        EventCode.CONSENT,
        acted_by=consent.acted_by,
        packet=consent.packet,
    )
