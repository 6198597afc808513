"""Words of the pages of cases, as messages."""

from collections.abc import Mapping

from tearline.cases.case import Membership
from tearline_client.console.languages import mark

STANDINGS: Mapping[Membership, str] = {
    Membership.INVITED: mark("Invited to the case"),
    Membership.WAITING: mark("Accepted; others have yet to consent"),
    Membership.IN: mark("In the case"),
    Membership.DECLINED: mark("Declined the invitation"),
    Membership.LEFT: mark("Left the case"),
    Membership.OUT: mark("Kept out by a member"),
    Membership.CLOSED: mark("Case closed"),
}
LEADS = mark("Leads the case")
TO_JOIN = mark("About to join")
"""Standings that a member sees of others."""
VERBS: Mapping[str, str] = {"join": "joined", "decline": "left", "leave": "left", "close": "closed"}
"""Acts on a case, with the notice after each."""
WARNINGS: Mapping[str, str] = {
    "leave": mark("This agency leaves the case and cannot rejoin it. Filed packets stay filed."),
    "close": mark("No packet can be filed under the case any more, by any member."),
}
"""Effects of the acts that take the typed title."""
KINDS: Mapping[str, str] = {
    "Person": mark("Person"),
    "Company": mark("Company"),
    "Organization": mark("Organisation"),
    "LegalEntity": mark("Legal entity"),
    "BankAccount": mark("Bank account"),
    "CryptoWallet": mark("Wallet"),
    "Payment": mark("Payment"),
    "TransferLeg": mark("Leg of a transfer"),
    "Ownership": mark("Ownership"),
    "Directorship": mark("Directorship"),
    "Family": mark("Family"),
    "UnknownLink": mark("Unknown link"),
    "payerAccount": mark("Account of the payer"),
    "beneficiaryAccount": mark("Account of the beneficiary"),
    "sameName": mark("Same name; perhaps the same"),
}
"""Schemata and links in words; another one is shown by its name."""
