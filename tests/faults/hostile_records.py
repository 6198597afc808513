"""What a hostile member leaves behind for everybody, for good or for as long as it likes."""

import secrets
from dataclasses import replace

from faults.hostile_member import Hostile, agreement_text
from support.mutated_authorities import mutated, named, squatting
from support.node import context_of
from tearline.agreements.proposal import Proposal
from tearline.crypto.keys import KemKey, SigningKey
from tearline.federation.members import NODE_TYPES, KeyRecord, KeyUse
from tearline.identity import parse_agency_uri, parse_node_uri
from tearline.limits import MAX_MESSAGE_BYTES, MAX_SUSPENSIONS
from tearline.statements.channel import Mark
from tearline.statements.signer import Signer
from tearline.statements.statement import ActedBy, StatementType
from tearline.suspensions.standing import OfficerAct, Standing
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline.wire.agreements import encode_agreement
from tearline.wire.federation import encode_key_record, encode_member_record
from tearline.wire.grants import encode_mark
from tearline.wire.proposals import encode_proposal
from tearline.wire.publications import Publication
from tearline.wire.statements import cosigned, parse_signed
from tearline.wire.suspensions import encode_standing

DAY_MS = 24 * 3_600_000


class Told(Exception):
    """The exchange told what it must not tell."""


def _standing(hostile: Hostile, agreement: str, counter: int, *articles: str) -> bytes:
    officer = ActedBy(
        pseudonym=bytes(32), role="officer", token_hash=bytes(32), time_ms=_now_ms(hostile)
    )
    suspensions = tuple(
        Suspension(
            article=article,
            sender="",
            recipient="",
            reason=Reason.TECHNICAL,
            in_flight=InFlight.HOLD,
            originated=Originated.KEEP,
        )
        for article in sorted(articles)
    )
    return encode_standing(
        Standing(
            header=hostile.signer.header,
            agreement_id=hostile.node.agreements.by_name(agreement).id,
            counter=counter,
            suspensions=suspensions,
            ended=False,
            officer=OfficerAct(counter=counter, acted_by=officer),
            acted_by=officer,
            time_ms=_now_ms(hostile),
        )
    )


def _now_ms(hostile: Hostile) -> int:
    return context_of(hostile.node).now_ms()


async def standings_without_end(hostile: Hostile) -> None:
    """Where it stands, said thousands of times: on and off, and of articles that there are not."""
    agreement, first = hostile.victim(), _now_ms(hostile)  # a counter that only grows
    nowhere = [f"no-such-{number}" for number in range(MAX_SUSPENSIONS)]
    for batch in range(8):
        said = [
            _standing(hostile, agreement, first + 256 * batch + n, *([""] if n % 2 else []))
            for n in range(256)
        ]
        await hostile.say([(StatementType.STANDING, body) for body in said])
        if batch % 4 == 3:
            wide = _standing(hostile, agreement, first + 256 * (batch + 1), *nowhere)
            await hostile.say([(StatementType.STANDING, wide)])
    await hostile.say([(StatementType.STANDING, _standing(hostile, agreement, first + 10_000))])


async def keys_of_one_node(hostile: Hostile) -> None:
    """Thousands of encryption keys of its one node."""
    by = hostile.signer
    for _ in range(4):
        await hostile.say(
            [
                _record(hostile, by, by.header.signer, KeyUse.KEM, KemKey.generate().public.encoded)
                for _ in range(512)
            ]
        )


async def nodes_of_one_agency(hostile: Hostile) -> None:
    """Hundreds of nodes that there are not."""
    root = hostile.root()
    for _ in range(3):
        names = [f"{root.header.signer}/node/n{secrets.token_hex(6)}" for _ in range(256)]
        await hostile.say(
            [
                _record(hostile, root, name, KeyUse.SIGN, SigningKey.generate().public.encoded)
                for name in names
            ],
            by=root,
        )


def _record(
    hostile: Hostile, by: Signer, subject: str, use: KeyUse, public: bytes
) -> tuple[StatementType, bytes]:
    now_ms = _now_ms(hostile)
    record = KeyRecord(
        header=by.header,
        subject=subject,
        use=use,
        public_key=public,
        types=tuple(sorted(NODE_TYPES)) if use is KeyUse.SIGN else (),
        not_before_ms=now_ms,
        not_after_ms=now_ms + DAY_MS,
    )
    return StatementType.KEY_RECORD, encode_key_record(record)


async def _agree(hostile: Hostile, number: int, *, articles: int, oversight: list[str]) -> None:
    terms = hostile.terms(name="paper", articles=articles, oversight=oversight)
    signers = (hostile.signer, context_of(hostile.puppet).signer)
    size = len(encode_agreement(terms))
    at_a_time = max(1, min(64, MAX_MESSAGE_BYTES * 3 // 4 // size))
    for start in range(0, number, at_a_time):
        bodies = [
            encode_agreement(replace(terms, id=secrets.token_bytes(16)))
            for _ in range(min(at_a_time, number - start))
        ]
        trees = [
            signer.sign([(StatementType.AGREEMENT, body) for body in bodies]) for signer in signers
        ]
        both = tuple(cosigned((tree, place) for tree in trees) for place in range(len(bodies)))
        await hostile.publish(Publication(signed=both))


async def agreements_of_two(hostile: Hostile) -> None:
    """Dozens of the largest agreements, of its two agencies with each other."""
    await _agree(hostile, 60, articles=64, oversight=[])


async def overseen_by_others(hostile: Hostile) -> None:
    """Hundreds of agreements of its two agencies that another is to oversee."""
    name = hostile.victims[hostile.victim()]
    await _agree(hostile, 257, articles=1, oversight=[name])


async def proposals_to_strangers(hostile: Hostile) -> None:
    """Hundreds of proposals to an agency with which there is nothing else."""
    name, ours = hostile.victims[hostile.victim()], hostile.node.identity().agency
    terms = hostile.node.proposals.draft(agreement_text("offer", (ours, name), articles=8))
    for _ in range(6):
        said = []
        for _ in range(16):
            body = encode_agreement(replace(terms, id=secrets.token_bytes(16)))
            drafted = cosigned([(hostile.signer.sign([(StatementType.AGREEMENT, body)]), 0)])
            proposal = Proposal(
                header=hostile.signer.header,
                statement=drafted.statement,
                attestations=drafted.attestations,
                declined=False,
                in_reply_to=b"",
                answer_by_ms=_now_ms(hostile) + DAY_MS,
            )
            said.append((StatementType.PROPOSAL, encode_proposal(proposal)))
        await hostile.say(said)


async def authorities_of_each_kind(hostile: Hostile) -> None:
    """Member records whose first CAs only one library reads, or are under the names of others."""
    root, uri = hostile.root(), context_of(hostile.node).agency
    agency, node_of = parse_agency_uri(uri), hostile.node.directory.node_of
    victims = [parse_node_uri(node_of(name)).agency for name in hostile.victims.values()]
    kinds = [(named(tag, agency),) for tag in (1, 3, 5, 12, 17)]
    kinds += [(mutated(hostile.chance, agency, victims),) for _ in range(24)]
    kinds += [(squatting(victim.trust_domain, agency),) for victim in victims]
    # The last one stays on record, if any does: seven at once, each victim's name among them.
    names = [victims[number % len(victims)].trust_domain for number in range(7)]
    kinds += [tuple(squatting(each, agency, serial=n) for n, each in enumerate(names, 1))]
    for certificates in kinds:
        await context_of(hostile.node).follow()
        version = context_of(hostile.node).trust.members.version(uri)
        if version is None:
            return
        record = version.record
        own = record.agency.certificate_authorities[-1]
        changed = replace(
            record,
            header=root.header,
            number=record.number + 1,
            previous=version.record_id,
            agency=replace(record.agency, certificate_authorities=(*certificates, own)),
        )
        await hostile.say([(StatementType.MEMBER_RECORD, encode_member_record(changed))], by=root)


async def an_agreement_of_others(hostile: Hostile) -> None:
    """The bytes of an agreement that it is no party to: what it is told tells whether there is one.

    Raises:
        Told: If the exchange gives away that there is.
    """
    for outcome in await hostile.publish(Publication(signed=(parse_signed(hostile.others),))):
        if outcome.receipt is not None:
            raise Told("the receipt of an agreement of others")


def _marks(hostile: Hostile, numbers: range, *, refused: bool) -> list[tuple[StatementType, bytes]]:
    agreement, first = hostile.victim(), _now_ms(hostile)  # a counter that only grows
    agreement_id = hostile.node.agreements.by_name(agreement).id
    recipient = hostile.node.directory.node_of(hostile.victims[agreement])
    return [
        (
            StatementType.MARK,
            encode_mark(
                Mark(
                    header=hostile.signer.header,
                    recipient=recipient,
                    agreement_id=agreement_id,
                    counter=0 if refused else first + number,
                    highest_sent=number,
                    highest_received=0,
                    time_ms=first,
                )
            ),
        )
        for number in numbers
    ]


async def changing_marks(hostile: Hostile) -> None:
    """Thousands of marks that change their counter alone."""
    for start in range(0, 4096, 512):
        await hostile.say(_marks(hostile, range(start, start + 512), refused=False))


async def refusals_without_end(hostile: Hostile) -> None:
    """Thousands of statements that are refused, each for good."""
    for start in range(0, 4096, 512):
        await hostile.say(_marks(hostile, range(start, start + 512), refused=True))
