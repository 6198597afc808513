"""A council at its command lines: what each act shows, asks, refuses and says next."""

from dataclasses import replace
from pathlib import Path

import pytest

from support.agencies import signing_key
from support.cli import OUR_NAME, Desk
from support.mutated_authorities import named
from support.simulation import PASSPHRASES
from tearline.crypto.armor import Armor, armor, parse_armor
from tearline.crypto.keys import key_id
from tearline.federation.charter import GENESIS_FEDERATION
from tearline.federation.decisions import VoteKind
from tearline.identity import parse_agency_uri
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.wire.federation import (
    encode_exchange_enrolment,
    encode_member_record,
    parse_federation_file,
    parse_member_record,
    parse_vote,
)
from tearline.wire.statements import encode_signed, signed
from tearline_client.demo.world import AGENCIES
from tearline_client.enrolment import (
    NEXT_ROOT_KEY,
    ROOT_KEY,
    found_agency,
    read_agency,
)
from tearline_client.keys.home import Home, Identity
from tearline_client.keys.keystore import Keystore
from tearline_client.node import Node

MX, CN, JP = "mx-prosecutor", "cn-public-security", "jp-customs"
YES = "--yes"


def newcomer(desk: Desk, federation: bytes | None = None, name: str = JP) -> Path:
    """The enrolment file of an agency that asks to join; of this federation unless told."""
    pinned = Home(desk.home).pinned().federation
    home, domain = Home(desk.folder / name), f"{name}.example"
    identity = Identity(agency=name, domain=domain, node="liaison")
    found_agency(home, identity, PASSPHRASES, pinned if federation is None else federation)
    return home.enrolment(identity)


def told(desk: Desk, *arguments: object, agency: str = OUR_NAME, code: str = "") -> str:
    """What a command says, which succeeds, or ends in this code."""
    result = desk.run("federation", *arguments, agency=agency)
    assert (result.exit_code == 0) == (not code), result.output
    assert code in result.stderr
    return str(result.stderr)


def pending(desk: Desk, agency: str = OUR_NAME) -> list[dict]:
    return desk.rows("federation", "pending", agency=agency)


def members(desk: Desk, agency: str = OUR_NAME) -> dict[str, dict]:
    return {row["member"]: row for row in desk.rows("federation", "members", agency=agency)}


def test_a_newcomer_is_admitted_by_two_who_see_its_root(desk: Desk) -> None:
    file = newcomer(desk)
    root = key_id(parse_member_record(read_agency(file).statement.body).agency.root_key).hex()
    said = told(desk, "invite", file, YES)
    assert f"under the root key {root}. Verify" in said
    assert "Voted to admit jp-customs; 1 vote missing." in said
    again = told(desk, "invite", file, YES, code="TL-TRU-004")
    assert "this agency has voted for it, and 1 of the others are missing" in again
    (row,) = pending(desk, MX)
    assert (row["decision"], row["subject"], row["votes"]) == ("admit", JP, OUR_NAME)
    assert row["missing"] == 1
    said = told(desk, "vote", JP, YES, agency=MX)
    assert root in said
    assert "Decided: admit jp-customs." in said
    (decided,) = desk.rows("federation", "history")
    assert set(decided["votes"].split()) == {OUR_NAME, MX}
    assert (members(desk)[JP]["status"], members(desk)[JP]["council"]) == ("member", False)
    assert members(desk)[JP]["key"] == root


def test_a_newcomer_whose_ca_no_exchange_accepts_is_not_voted_for(desk: Desk) -> None:
    file = newcomer(desk)
    record = parse_member_record(read_agency(file).statement.body)
    uri = parse_agency_uri(record.agency.uri)
    outside = replace(record.agency, certificate_authorities=(named(5, uri),))
    body = encode_member_record(replace(record, agency=outside))
    signer = Signer(federation=record.header.federation, uri=str(uri), key=signing_key(JP))
    forged = signed(signer.sign([(StatementType.MEMBER_RECORD, body)]))
    file.write_text(armor(Armor.AGENCY, encode_signed(forged)))
    assert "by its issuer, subject" in told(desk, "invite", file, YES, code="TL-TLS-001")
    assert pending(desk) == []


def test_the_name_is_typed_and_the_votes_are_counted_before(desk: Desk) -> None:
    said = told(desk, "vote", "--remove", CN, code="TL-USE-005")
    assert "cn-public-security (spiffe://" in said
    assert "is removed. All its keys end. Undelivered mail from and to it returns" in said
    assert pending(desk) == []


def test_a_vote_is_written_to_a_file_without_asking_the_exchange(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(desk, "members")

    async def asked(node: Node) -> None:
        raise AssertionError("the exchange was asked")

    monkeypatch.setattr(Node, "sync", asked)
    invited, removed = desk.folder / "invited", desk.folder / "removed"
    newcomer_file = newcomer(desk)
    said = told(desk, "vote", "--remove", CN, "--output-file", removed, YES)
    assert "The vote to remove cn-public-security is in" in said
    told(desk, "invite", newcomer_file, "--output-file", invited, YES)
    files = [
        parse_federation_file(parse_armor(Armor.DECISION, each.read_text()))
        for each in (removed, invited)
    ]
    assert {each.federation for each in files} == {Home(desk.home).pinned().federation}
    kinds = [[entry.statement.type for entry in each.entries] for each in files]
    assert kinds == [
        [StatementType.VOTE],
        [StatementType.VOTE, StatementType.MEMBER_RECORD],
    ]
    assert parse_vote(files[0].entries[0].statement.body).kind is VoteKind.REMOVE
    monkeypatch.undo()
    assert pending(desk) == []  # nothing was published


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("vote", "--remove", OUR_NAME), "TL-TRU-004", "does not vote on itself"),
        (("vote", "--remove", "nobody"), "TL-REQ-006", "there is no member 'nobody'"),
        (("vote", JP), "TL-REQ-006", "there is no open decision"),
        (("vote",), "", "give DECISION or --remove"),
        (("rules", "--admit", "1"), "TL-USE-001", "takes 2 to 64 votes for each decision"),
        (("rules", "--seat", "nobody"), "TL-REQ-006", "no member 'nobody'"),
        (("rules", "--threshold", "2"), "TL-TRU-004", "it changes nothing"),
    ],
)
def test_a_wrong_turn_is_refused_before_the_root_signs(
    desk: Desk, arguments: tuple[str, ...], code: str, why: str
) -> None:
    result = desk.run("federation", *arguments, YES)
    assert result.exit_code != 0
    assert code in result.stderr
    assert why in result.stderr
    assert pending(desk) == []


def test_a_newcomer_of_another_federation_is_not_invited(desk: Desk) -> None:
    said = told(desk, "invite", newcomer(desk, GENESIS_FEDERATION), YES, code="TL-TRU-004")
    assert "asks to join another federation" in said


def test_an_amendment_is_shown_part_by_part_and_decided_by_its_id(desk: Desk) -> None:
    seats = ("--seat", OUR_NAME, "--seat", MX)
    said = told(desk, "rules", *seats, "--cosigner", MX, "--threshold", "2", YES)
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert f"cosigners {MX} {OUR_NAME} {CN} {MX}" in lines
    assert "quorum 3 1" in lines
    assert not any(line.startswith("votes:") for line in lines)  # they stay
    (row,) = pending(desk, CN)
    assert (row["decision"], row["subject"]) == ("amend", "")
    said = told(desk, "vote", row["content"][:8], YES, agency=CN)
    assert "quorum" in said  # the next voter sees it, too
    # Two of the old council have voted; of the new one, one is missing.
    assert "1 vote missing" in said
    assert "Decided" in told(desk, "vote", row["content"], YES, agency=MX)
    assert {name for name, row in members(desk).items() if row["council"]} == {OUR_NAME, MX}


def test_an_agency_without_a_seat_signs_no_vote(desk: Desk) -> None:
    told(desk, "rules", "--seat", OUR_NAME, "--seat", MX, YES)
    (row,) = pending(desk, MX)
    told(desk, "vote", row["content"], YES, agency=MX)
    for arguments in (("vote", "--remove", MX), ("rules", "--admit", "2")):
        assert "no seat in the council" in told(desk, *arguments, YES, agency=CN, code="TL-TRU-004")


def test_two_decisions_about_one_agency_are_told_apart(desk: Desk) -> None:
    told(desk, "vote", "--remove", MX, YES)
    domain = Home(desk.folder / MX).identity().domain
    home = Home(desk.folder / "again")
    identity = Identity(agency=MX, domain=domain, node="liaison")
    found_agency(home, identity, PASSPHRASES, Home(desk.home).pinned().federation, generation=2)
    said = told(desk, "invite", home.enrolment(identity), YES)
    assert "seven days of the log's time after the decision, unless its old root signs" in said
    said = told(desk, "vote", MX, YES, agency=CN, code="TL-USE-007")
    assert "remove" in said
    assert "replace" in said


def test_a_decided_replacement_waits_in_sight_until_the_old_root_voids_it(desk: Desk) -> None:
    federation = Home(desk.home).pinned().federation.hex()
    names = ("--agency", MX, "--domain", AGENCIES[MX], "--node", "liaison")
    again = ("--federation", federation, "--generation", 2)
    assert desk.run("init", *names, *again, agency="again").exit_code == 0
    told(desk, "invite", desk.folder / "again" / f"{MX}.agency", YES)
    told(desk, "vote", MX, YES, agency=CN)
    (row,) = pending(desk)
    assert (row["decision"], row["subject"], row["missing"]) == ("replace", MX, 0)
    assert set(row["votes"].split()) == {OUR_NAME, CN}
    assert row["until"]
    said = told(desk, "pending")
    assert f"The council has replaced the root of {MX}, with effect from" in said
    assert "rotate-root" in said
    told(desk, "rotate-root", YES, agency=MX)
    assert pending(desk) == []


def test_an_interrupted_rotation_of_the_root_is_taken_up_again(desk: Desk) -> None:
    store = Keystore.open(Home(desk.home).root, PASSPHRASES.root)
    old = store.get(ROOT_KEY)
    told(desk, "rotate-root", YES)
    new = store.get(ROOT_KEY)
    assert new != old
    assert NEXT_ROOT_KEY not in store.names()
    # A crash before the new root was adopted, and one before the other copy was deleted.
    for root in (old, new):
        store.put(ROOT_KEY, root)
        store.put(NEXT_ROOT_KEY, new)
        told(desk, "rotate-root", YES)
        assert NEXT_ROOT_KEY not in store.names()
        assert (store.get(ROOT_KEY) == new) == (root == old)


def test_a_missing_counted_cosigner_is_told_with_the_next_command(desk: Desk) -> None:
    assert "counted cosigners" not in told(desk, "pending")
    told(desk, "leave", "--reason", "end of the treaty", YES, agency=CN)
    said = told(desk, "pending")
    assert "1 agency left, or has another root: cn-public-security. 2 of 3 that must" in said
    assert "No light node takes a turn" in said
    left = ("mx-prosecutor", "us-justice")
    options = [f"--{kind} {name}" for kind in ("cosigner", "seat") for name in left]
    command = f"tearline federation rules {' '.join(options)}"
    assert command in said
    told(desk, *command.split()[2:], YES)
    told(desk, "vote", pending(desk, MX)[0]["content"], YES, agency=MX)
    assert "counted cosigners" not in told(desk, "pending")


def test_an_agency_leaves_at_once(desk: Desk) -> None:
    told(desk, "leave", "--reason", "end of the treaty", code="TL-USE-005")
    assert members(desk, MX)[OUR_NAME]["status"] == "member"
    told(desk, "leave", "--reason", "end of the treaty", YES)
    assert members(desk, MX)[OUR_NAME]["status"] == "left"


def test_founders_see_the_charter_and_who_has_not_signed(desk: Desk, tmp_path: Path) -> None:
    files = [newcomer(desk, GENESIS_FEDERATION, name) for name in ("fr-police", "de-customs")]
    enrolment = tmp_path / "exchange.enrolment"
    identity = encode_exchange_enrolment(desk.template.identity)
    enrolment.write_text(armor(Armor.EXCHANGE, identity))
    charter = tmp_path / "federation.trust"
    agencies = [argument for file in files for argument in ("--agency", file)]
    order = ("found", "--name", "tests", "--exchange", enrolment, *agencies)
    said = told(desk, *order, "--output-file", charter, agency="fr-police")
    assert "votes" in said
    said = told(desk, "join", charter, agency="fr-police", code="TL-TRU-005")
    assert "the roots of de-customs have not signed it yet" in said
    assert "Signed by every founder" in told(desk, "sign", charter, agency="de-customs")
    assert "out of band" in told(desk, "join", charter, agency="fr-police")
