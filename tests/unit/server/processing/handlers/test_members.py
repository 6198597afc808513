"""Members, votes, keys, revocations and agreements, as the exchange takes them into the log."""

import dataclasses
from pathlib import Path

import pytest

from support.agencies import (
    CN,
    DAY_MS,
    MX,
    NOW_MS,
    US,
    agency,
    authority,
    constitution,
    federation,
    founding,
    kem_key,
    key_record,
    log_identity,
    node_of,
    secret,
    signed_by,
    signing_key,
)
from support.decisions import admission, amendment, own_change, removal
from support.exchange import (
    INSTALLATION,
    Clock,
    World,
    agreed,
    agreement,
    codes,
    components_of,
    event_of,
    opened,
    packet_publication,
    read_trust,
    said,
    terms,
)
from support.mutated_authorities import named
from tearline.agreements.agreement import Agreement
from tearline.audit.event import EventCode
from tearline.crypto.keys import KemKey, SigningKey
from tearline.errors import MembershipRejected, TrustMissing
from tearline.federation.directory import DirectoryEntry
from tearline.federation.members import KeyUse, Revocation
from tearline.identity import parse_agency_uri
from tearline.limits import DIRECTORY_INTERVAL_MS, MAX_RECORDS_PER_LIFE
from tearline.statements.statement import Header, StatementType
from tearline.verification.log_entries import parse_entry
from tearline.wire.agreements import parse_agreement
from tearline.wire.federation import encode_key_record, encode_revocation
from tearline.wire.statements import Signed
from tearline_server.admin.offline import take_clear
from tearline_server.exchange import Exchange
from tearline_server.storage.sqlite.store import SqliteStore

EU = "spiffe://eu-customs.example"

KEM = KeyUse.KEM


def record(world: World, by: str, subject: str, use: KeyUse, public: bytes) -> Signed:
    certifier = world.parties.signer(by)
    body = encode_key_record(key_record(certifier.header, subject, use, public))
    return signed_by(StatementType.KEY_RECORD, body, certifier)


# Keys.


async def test_a_key_becomes_a_clear_entry_and_counts(world: World) -> None:
    new = KemKey(b"n" * 32)
    said = record(world, node_of(CN), node_of(CN), KeyUse.KEM, new.public.encoded)
    (outcome,) = await world.publish_signed(CN, said)
    assert codes([outcome]) == [""]
    assert event_of(outcome).code is EventCode.TRUST
    entries = (await world.exchange.entries(0, 0)).entries
    assert parse_entry(entries[-2]) == said
    sealed = world.packet()
    granted = world.grant(sealed, CN, kem_key_id=new.id)
    assert codes(await world.send(sealed, granted)) == ["", ""]


async def test_a_node_certifies_no_signing_key_and_no_other_nodes(world: World) -> None:
    key = SigningKey(b"k" * 64).public.encoded
    own = record(world, node_of(CN), node_of(CN), KeyUse.SIGN, key)
    other = record(world, node_of(CN), node_of(US), KeyUse.KEM, kem_key("x").public.encoded)
    assert codes(await world.publish_signed(CN, own, other)) == ["TL-PKT-004", "TL-PKT-004"]


async def test_a_node_brings_what_its_own_root_signed_and_no_others(world: World) -> None:
    key = SigningKey(b"k" * 64).public.encoded
    said = record(world, CN, f"{CN}/node/second", KeyUse.SIGN, key)
    (stranger,) = await world.publish_signed(US, said)
    assert (codes([stranger]), stranger.receipt) == (["TL-TLS-006"], None)
    assert codes(await world.publish_signed(CN, said)) == [""]


async def test_a_revoked_key_signs_nothing_more_at_once(world: World) -> None:
    root = world.parties.signer(US)
    body = encode_revocation(
        Revocation(
            header=root.header, revoked_key=signing_key(node_of(US)).public.id, reason="lost"
        )
    )
    revocation = signed_by(StatementType.REVOCATION, body, root)
    later = packet_publication(world.parties.node(US), world.packet())
    assert codes(await world.publish_signed(US, revocation)) == [""]
    assert codes(await world.publish(US, later)) == ["TL-TRU-002"]


async def test_a_new_node_gets_the_agreements_in_force(world: World) -> None:
    second = f"{CN}/node/second"
    key = SigningKey(b"k" * 64)
    said = record(world, CN, second, KeyUse.SIGN, key.public.encoded)
    assert codes(await world.publish_signed(CN, said)) == [""]
    mail = await world.store.mail(second, 0, limit=10)
    assert [item.type for item in mail] == [StatementType.AGREEMENT]
    own = await world.store.mail(node_of(CN), 0, limit=10)
    assert own[0].opening == mail[0].opening


# Members.


async def test_a_decision_is_taken_told_and_stated_by_the_directory(world: World) -> None:
    told = []
    world.exchange.on_trust = lambda: told.append(world.exchange.members)
    state = await read_trust(world)
    for entry in admission(state, EU, US, MX):
        by = MX if MX in {each.signer for each in entry.attestations.values()} else US
        assert codes(await world.publish_signed(by, entry)) == [""]
    assert EU in [each.uri for each in told[-1].agencies]
    assert EU in [each.uri for each in (await read_trust(world)).members.agencies]
    last = parse_entry((await world.exchange.entries(0, 0)).entries[-1])
    assert isinstance(last, DirectoryEntry)
    assert last.time_ms == world.clock.time_ms


async def test_who_published_a_newcomer_s_record_is_told_that_alone(world: World) -> None:
    """The record is for everybody to read; the entry that a receipt opens names its publisher."""
    vote, record, _ = admission(await read_trust(world), EU, US, MX)
    assert codes(await world.publish_signed(US, vote)) == [""]
    (first,) = await world.publish_signed(US, record)
    (other,) = await world.publish_signed(MX, record)
    assert (first.refusal, other.receipt) == (None, None)
    assert codes([other]) == [MembershipRejected.code]
    assert said(await world.publish_signed(US, record)) == said([first])


async def test_a_vote_is_published_by_its_own_agency(world: World) -> None:
    (vote,) = removal(await read_trust(world), CN, US)
    (outcome,) = await world.publish_signed(MX, vote)
    assert (codes([outcome]), outcome.receipt) == (["TL-TLS-006"], None)


async def test_a_member_s_record_changes_only_with_its_root(world: World) -> None:
    state = world.parties.trust()
    change = own_change(state, MX, signing_key(CN), token_issuers=())
    (outcome,) = await world.publish_signed(CN, change)
    assert (codes([outcome]), outcome.receipt) == (["TL-TRU-002"], None)


async def test_a_removed_agency_is_admitted_no_more(world: World) -> None:
    for vote, by in zip(removal(await read_trust(world), CN, US, MX), (US, MX), strict=True):
        assert codes(await world.publish_signed(by, vote)) == [""]
    assert CN not in [each.uri for each in world.exchange.members.agencies]
    later = packet_publication(world.parties.node(CN), world.packet())
    assert codes(await world.publish(CN, later)) == ["TL-TLS-006"]


async def test_a_directory_is_written_once_a_minute(world: World) -> None:
    async def directories() -> int:
        entries = (await world.exchange.entries(0, 0)).entries
        return sum(isinstance(parse_entry(entry), DirectoryEntry) for entry in entries)

    before = await directories()
    await world.exchange.maintenance.write_directory()
    assert await directories() == before
    world.clock.time_ms += DIRECTORY_INTERVAL_MS
    for _ in range(2):
        await world.exchange.maintenance.write_directory()
    assert await directories() == before + 1


@pytest.mark.parametrize(
    ("authorities", "code"),
    [
        ((b"no certificate",), "TL-TLS-001"),
        ((authority(CN).certificate,), "TL-TLS-001"),
        ((authority(MX).certificate, b"no certificate"), "TL-TLS-001"),
        ((named(5, parse_agency_uri(MX)),), "TL-TLS-001"),
    ],
)
async def test_an_agency_brings_no_authority_that_is_not_its_own(
    world: World, authorities: tuple[bytes, ...], code: str
) -> None:
    change = own_change(world.parties.trust(), MX, certificate_authorities=authorities)
    assert codes(await world.publish_signed(MX, change)) == [code]


async def test_an_amendment_that_names_another_exchange_is_refused(world: World) -> None:
    exchange = dataclasses.replace(
        world.exchange.members.exchange, signing_key=signing_key("impostor").public.encoded
    )
    proposed = amendment(world.parties.trust(), US, exchange=exchange)
    assert codes(await world.publish_signed(US, proposed)) == ["TL-TRU-004"]


# What the operator does.


async def test_without_a_charter_there_is_nothing_to_serve(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "empty.db")
    with pytest.raises(TrustMissing):
        await Exchange.open(components_of(store, Clock()))
    key = federation().keys[0]
    with pytest.raises(MembershipRejected):
        await take_clear(components_of(store, Clock()), key)
    await store.close()


async def test_half_a_founding_is_nothing_to_serve(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "half.db")
    for entry in federation().clear[:5]:
        await take_clear(components_of(store, Clock()), entry)
    with pytest.raises(TrustMissing):
        await Exchange.open(components_of(store, Clock()))
    await store.close()


async def test_the_operator_takes_only_charters_that_name_this_exchange(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "empty.db")
    foreign = dataclasses.replace(constitution([US, CN]), log=log_identity("elsewhere.example/log"))
    entries = founding([agency(US), agency(CN)], foreign)
    with pytest.raises(MembershipRejected):
        await take_clear(components_of(store, Clock()), entries[0])
    assert (await store.load()).head.tree.size == 0
    await store.close()


async def test_taking_twice_is_taking_once(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "one.db")
    house = components_of(store, Clock())
    first = federation().clear[0]
    assert await take_clear(house, first) == 0
    assert await take_clear(house, first) is None
    assert (await store.load()).head.tree.size == 2
    await store.close()


# Agreements.


async def test_an_agreement_reaches_every_node_of_its_parties(world: World) -> None:
    for party in (US, CN, MX):
        (delivery,) = await world.read(party)
        assert parse_agreement(delivery.statements[0].body).name == "narcotics"
        assert delivery.entry is not None


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"version": 2}, "TL-AGR-002"),
        ({"pins": dataclasses.replace(INSTALLATION.pins, masks=b"m" * 32)}, "TL-AGR-003"),
    ],
)
async def test_an_agreement_that_cannot_be_judged_by_is_refused(
    tmp_path: Path, changed: dict[str, object], code: str
) -> None:
    async with opened(tmp_path) as world:
        found = agreement(world.parties.signer(US).header, **changed)
        assert codes(await world.publish_signed(US, agreed(world.parties, found))) == [code]


async def test_only_a_party_brings_an_agreement_and_only_parties_sign(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        header = world.parties.signer(US).header
        two = agreement(header, terms=terms([US, CN]))
        assert codes(await world.publish_signed(MX, agreed(world.parties, two))) == ["TL-TLS-006"]
        assert codes(await world.publish_signed(US, agreed(world.parties, two))) == [""]
        other = agreement(header, terms=terms([US, CN]), id=b"o" * 16)
        crowd = agreed(world.parties, other, signers=[US, CN, MX])
        assert codes(await world.publish_signed(US, crowd)) == ["TL-AGR-002"]


async def test_versions_follow_each_other_with_everybodys_word(world: World) -> None:
    header = world.parties.signer(US).header
    again = agreement(header, onward_use="never")
    assert codes(await world.publish_signed(US, agreed(world.parties, again))) == ["TL-PKT-011"]
    without = agreement(header, version=2, terms=terms([US, CN]))
    assert codes(await world.publish_signed(US, agreed(world.parties, without))) == ["TL-AGR-002"]
    second = agreement(header, version=2)
    assert codes(await world.publish_signed(US, agreed(world.parties, second))) == [""]
    old = world.packet()
    assert codes(await world.send(old)) == ["TL-AGR-001"]


async def test_a_stricter_version_binds_older_packets_too(world: World) -> None:
    sealed = world.packet()
    assert codes(await world.send(sealed)) == [""]
    stricter = terms()
    article = dataclasses.replace(
        stricter.articles[0],
        shares=tuple(s for s in stricter.articles[0].shares if s.category != "identity.birth"),
    )
    second = agreement(
        world.parties.signer(US).header,
        version=2,
        terms=dataclasses.replace(stricter, articles=(article,)),
    )
    assert codes(await world.publish_signed(US, agreed(world.parties, second))) == [""]
    assert codes([await world.grant_only(world.grant(sealed))]) == ["TL-POL-009"]


async def test_what_is_not_for_the_exchange_is_refused_with_a_code_and_a_receipt(
    world: World,
) -> None:
    sealed = world.packet()
    body = packet_publication(world.parties.node(US), sealed).statements()[0].body
    outcome = await world.say(US, StatementType.AUDIT_EXPORT, body)
    assert codes([outcome]) == ["TL-PKT-015"]
    assert outcome.receipt is not None


async def test_an_agreement_not_yet_valid_covers_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.agree(valid_from_ms=NOW_MS + DAY_MS)
        assert codes(await world.send(world.packet())) == ["TL-AGR-001"]
        world.clock.time_ms += DAY_MS
        assert codes(await world.send(world.packet())) == [""]


# What stays for ever.


async def test_a_node_puts_no_keys_on_record_without_end(world: World) -> None:
    """Each stays in the log and in every reader's memory."""
    taken = []
    for number in range(MAX_RECORDS_PER_LIFE + 1):
        key = KemKey(secret(f"another {number}")).public.encoded
        outcomes = await world.publish_signed(US, record(world, node_of(US), node_of(US), KEM, key))
        taken += codes(outcomes)
    assert taken[-1] == "TL-TRU-009"
    assert set(taken[:-2]) == {""}


async def test_a_key_of_another_time_comes_not_on_record(world: World) -> None:
    """Else records of all times would take room for ever."""
    signer = world.parties.signer(US)
    for days in ((-10, -1), (20, 30)):
        key = KemKey(secret(f"days {days}")).public.encoded
        made = key_record(signer.header, node_of(US), KEM, key, days=days)
        put = signed_by(StatementType.KEY_RECORD, encode_key_record(made), signer)
        assert codes(await world.publish_signed(US, put)) == ["TL-TRU-009"]


async def test_two_agencies_agree_on_no_more_than_they_have_room_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tearline.federation.record_limits.MAX_PAIR_AGREEMENTS", 4)
    header = world.parties.signer(US).header
    pair = terms((CN, US))
    taken = []
    for number in range(4 + 1):
        found = agreement(header, id=bytes([200, number]) * 8, terms=pair, name=f"n{number}")
        taken += codes(await world.publish_signed(US, agreed(world.parties, found)))
    assert taken[-1] == "TL-AGR-004"
    assert set(taken[:-2]) == {""}
    assert codes(await world.publish_signed(US, agreed(world.parties, replace_terms(header)))) == [
        ""
    ]


def replace_terms(header: Header) -> Agreement:
    """An agreement with another agency."""
    return agreement(header, id=bytes(16), terms=terms((MX, US)), name="with another")
