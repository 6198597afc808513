"""The packet that is measured: a lead of 24 fields, which fills 32 slots.

It is sent to three partners. One gets everything in clear; one gets twelve fields in clear
and six generalised, 18 in all, and is told that more exists; one gets four fields.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from bench.federation import ARTICLE, DAY_MS, PURPOSE, Federation, now_ms
from tearline.crypto.keys import KemPublicKey
from tearline.packets.packet import Field, PacketKind
from tearline.policy.profile import marking_of
from tearline.statements.channel import Address
from tearline_client.demo.lead import ENTITIES
from tearline_client.messages.compose import (
    Composition,
    GrantContext,
    NextPlace,
    grant_plans,
    seal_plans,
)
from tearline_client.planning.release_plan import Draft, ReleasePlan, plan_release

FIELDS = 24
SLOTS = 32
READ = 18
"""The fields that the partner of B2 opens."""

_PERSON, _COMPANY, _ACCOUNT, _PAYMENT = (f"{kind * 16}" for kind in ("1a", "2b", "3c", "4d"))
VALUES = {
    f"{_PERSON}/Person/firstName": ("Wenhao", "文昊"),
    f"{_PERSON}/Person/lastName": ("Qiu", "裘"),
    f"{_PERSON}/Person/birthDate": ("1979-03-14",),
    f"{_PERSON}/Person/nationality": ("cn",),
    f"{_PERSON}/Person/gender": ("male",),
    f"{_PERSON}/Person/passportNumber": ("E00000000",),
    f"{_PERSON}/Person/address": ("Calle Inventada 14, Culiacán, Sinaloa, Mexico",),
    f"{_PERSON}/Person/phone": ("+525555550142",),
    f"{_PERSON}/Person/email": ("qiu@lantern.example",),
    f"{_COMPANY}/Company/name": ("Lantern Quay Trading SA de CV",),
    f"{_COMPANY}/Company/registrationNumber": ("LQT-000000-XX0",),
    f"{_COMPANY}/Company/taxNumber": ("LQT000000XX0",),
    f"{_COMPANY}/Company/legalForm": ("SA de CV",),
    f"{_COMPANY}/Company/incorporationDate": ("2019-08-21",),
    f"{_COMPANY}/Company/jurisdiction": ("mx",),
    f"{_COMPANY}/Company/address": ("Muelle 3, Mazatlán, Sinaloa, Mexico",),
    f"{_ACCOUNT}/BankAccount/iban": ("DE02120300000000202051",),
    f"{_ACCOUNT}/BankAccount/bankName": ("Banco Ficticio del Puerto",),
    f"{_ACCOUNT}/BankAccount/currency": ("USD",),
    f"{_ACCOUNT}/BankAccount/openingDate": ("2020-01-09",),
    f"{_PAYMENT}/Payment/amount": ("1847250",),
    f"{_PAYMENT}/Payment/currency": ("USD",),
    f"{_PAYMENT}/Payment/date": ("2026-02-17",),
    f"{_PAYMENT}/Payment/summary": ("Pesos paid in at the quay, yuan paid out the next day.",),
}
"""The fields of the lead, by path."""


def lead(federation: Federation, recipients: Sequence[str]) -> ReleasePlan:
    """The lead, planned for some of the partners' nodes."""
    return _planned(federation, recipients, VALUES)


def story(federation: Federation, recipients: Sequence[str]) -> ReleasePlan:
    """The lead of the demo."""
    tokens = {entity["id"]: f"{number:032x}" for number, entity in enumerate(ENTITIES)}
    contents = {
        f"{tokens[entity['id']]}/{entity['schema']}/{name}": tuple(
            tokens.get(value, value) for value in values
        )
        for entity in ENTITIES
        for name, values in {"id": [entity["id"]], **entity["properties"]}.items()
    }
    return _planned(federation, recipients, contents)


def bulk(federation: Federation, recipients: Sequence[str]) -> ReleasePlan:
    """A packet of three long texts, in 8 slots of 330 KiB: nearly the largest that there is."""
    long = {f"{each * 16}/Payment/summary": ("x" * (330 << 10),) for each in ("5e", "6f", "7a")}
    return _planned(federation, recipients, long)


def _planned(
    federation: Federation, recipients: Sequence[str], contents: Mapping[str, tuple[str, ...]]
) -> ReleasePlan:
    draft = Draft(
        fields=tuple(
            Field(path=path, values=tuple(v.encode() for v in values), marking=marking_of(path))
            for path, values in contents.items()
        ),
        agreement=federation.agreement,
        article=ARTICLE,
        purpose=PURPOSE,
        kind=PacketKind.LEAD,
        not_after_ms=now_ms() + 90 * DAY_MS,
        case_id="case-7",
        evaluation="B2",
    )
    return plan_release(
        draft, recipients, federation.policy, sender=federation.sender.header.signer
    )


def releaser(federation: Federation, number: int = 0) -> GrantContext:
    """A sending node, at its machine duty, with nothing in its channels yet."""
    return GrantContext(
        signer=federation.senders[number],
        acted_by=None,
        kem_key_of=_looked_up(federation),
        next_place=_counted(),
    )


def _looked_up(federation: Federation) -> Callable[[str], KemPublicKey]:
    keys: Mapping[str, KemPublicKey] = {uri: key.public for uri, key in federation.kem_keys.items()}
    return keys.__getitem__


def _counted() -> NextPlace:
    taken: Counter[tuple[str, bytes]] = Counter()

    def next_place(recipient: str, agreement: bytes) -> Address:
        taken[recipient, agreement] += 1
        return Address(recipient=recipient, agreement_id=agreement, seq=taken[recipient, agreement])

    return next_place


def compose(plans: Sequence[ReleasePlan], sealing: GrantContext) -> Composition:
    """Seals, grants and signs packets as planned."""
    return grant_plans(plans, seal_plans(plans, sealing.signer.header), sealing)
