"""Judging steps of consents: the exchange cannot read them, and leaves them to their recipient."""

from tearline.consent import Consent, ConsentStep
from tearline.event import EventCode
from tearline.four_eyes import verify_persons
from tearline.identity import agency_uri_of
from tearline_server.judging.channels import relay, verify_sealed_to
from tearline_server.judging.hearing import Hearing


def accept_consent(hearing: Hearing, consent: Consent) -> None:
    """Takes a step of a consent, and relays it.

    Whether its signer may take it, and where the consent stands by it, follows from the packet
    and the steps before, and both sides judge it by them; an entry of the log says for which
    packet something was asked or answered, and when. What the exchange sees for itself is that
    two persons stand behind what is given, where the packet's article asks for them, and that its
    recipient can open it.

    Raises:
        PolicyError: If they do not.
        RecipientKeyExpired: If its recipient could not open it any more; it is sealed anew.
        TearlineError: If the two are in no agreement, or the place is not the next one.
    """
    _verify_persons(hearing, consent)
    verify_sealed_to(hearing, consent.address.recipient, consent.kem_key_id)
    relay(
        hearing,
        consent.address,
        EventCode.CONSENT,
        acted_by=consent.acted_by,
        seconded_by=consent.seconded_by,
        packet=consent.packet,
    )


def _verify_persons(hearing: Hearing, consent: Consent) -> None:
    """By the newest version of the agreement, as for grants (spec O-18).

    Of a packet that is not the publisher's nothing is said: not even whether there is one.
    """
    facts = hearing.docket.facts(consent.packet) if consent.step is ConsentStep.GIVE else None
    agency = hearing.publisher.agency
    if facts is None or agency_uri_of(facts.manifest.header.signer) != agency:
        return
    reference = facts.manifest.agreement
    found = hearing.registry.agreement_of(reference.id, agency)
    article = found.agreement.article(reference.article)
    verify_persons(article, consent.acted_by, consent.seconded_by)
