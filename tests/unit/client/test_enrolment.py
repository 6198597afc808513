"""Founding of a federation from homes: drafted, signed and pinned by founders alone."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from support.agencies import US, agency, authority, enrolment, member_record
from support.exchange import INSTALLATION
from tearline.crypto.armor import Armor, armor
from tearline.errors import (
    CertificateRefused,
    CharterUnpinned,
    MalformedInput,
    MembershipRejected,
)
from tearline.federation.charter import GENESIS_FEDERATION
from tearline.wire.federation import FederationFile, encode_exchange_enrolment
from tearline.wire.statements import Signed
from tearline_client.enrolment import Passphrases, found_agency, read_agency, read_exchange
from tearline_client.founding.charter_file import (
    charter_of,
    draft_charter,
    pin,
    read_federation,
    sign_charter,
    signers_of_charter,
    write_federation,
)
from tearline_client.keys.home import Home, Identity

PASSPHRASES = Passphrases(node=b"the node's own", root=b"the root's own")
NAMES = ("one", "two", "six")


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> list[Home]:
    folder = tmp_path_factory.mktemp("homes")
    return [founded_home(folder, name) for name in NAMES]


def founded_home(folder: Path, name: str, federation: bytes = GENESIS_FEDERATION) -> Home:
    home = Home(folder / name)
    identity = Identity(agency=name, domain=f"{name}.example", node="hub")
    found_agency(home, identity, PASSPHRASES, federation)
    return home


def record_of(home: Home) -> Signed:
    return read_agency(home.enrolment(home.identity()))


def test_an_exchange_s_ca_outside_the_profile_is_refused_in_its_file(tmp_path: Path) -> None:
    """Of two CAs of an exchange a TLS library would read neither."""
    file, good = tmp_path / "exchange.enrolment", enrolment()
    file.write_text(armor(Armor.EXCHANGE, encode_exchange_enrolment(good)))
    assert read_exchange(file) == good
    for der in (authority(US).certificate, good.exchange.certificate_authority + b"\0"):
        bad = replace(good, exchange=replace(good.exchange, certificate_authority=der))
        file.write_text(armor(Armor.EXCHANGE, encode_exchange_enrolment(bad)))
        with pytest.raises(CertificateRefused):
            read_exchange(file)


def drafted(homes: Sequence[Home], *more: Signed, threshold: int | None = None) -> FederationFile:
    return draft_charter(
        homes[0],
        PASSPHRASES.root,
        name="tests",
        exchange=INSTALLATION.identity,
        founders=[*map(record_of, homes), *more],
        threshold=threshold,
    )


def test_sixty_four_agencies_found_a_federation(homes: list[Home]) -> None:
    others = [
        member_record(agency(f"spiffe://agency-{number:02d}.example"), GENESIS_FEDERATION)
        for number in range(61)
    ]
    constitution = charter_of(drafted(homes, *others)).constitution
    assert len(constitution.council) == 64
    assert constitution.rules.admit == 33
    assert (len(constitution.cosigners), constitution.quorum) == (5, 4)


def test_a_charter_is_pinned_once_every_founder_signed(homes: list[Home], tmp_path: Path) -> None:
    file = drafted(homes)
    for count, home in enumerate(homes[1:], start=1):
        assert len(signers_of_charter(file)) == count
        with pytest.raises(CharterUnpinned):
            pin(home, PASSPHRASES, file)
        file = sign_charter(home, PASSPHRASES.root, file)
        assert sign_charter(home, PASSPHRASES.root, file) == file
    write_federation(tmp_path / "charter", file)
    assert read_federation(tmp_path / "charter") == file
    for home in homes:
        pin(home, PASSPHRASES, file)
        assert home.pinned().federation == file.federation
        assert [each.name for each in home.pinned().members.agencies] == sorted(NAMES)


def test_a_threshold_is_more_than_half(homes: list[Home]) -> None:
    with pytest.raises(MalformedInput, match="takes 2 to 64 votes"):
        drafted(homes, threshold=1)


def test_a_charter_of_others_is_neither_drafted_nor_signed_nor_pinned(
    homes: list[Home], tmp_path: Path
) -> None:
    stranger = founded_home(tmp_path, "stranger")
    file = sign_charter(homes[1], PASSPHRASES.root, drafted(homes[:2]))
    with pytest.raises(MembershipRejected):
        sign_charter(stranger, PASSPHRASES.root, file)
    with pytest.raises(CharterUnpinned):
        pin(stranger, PASSPHRASES, file)
    with pytest.raises(MembershipRejected):
        draft_charter(
            stranger,
            PASSPHRASES.root,
            name="tests",
            exchange=INSTALLATION.identity,
            founders=[record_of(homes[0])],
        )
    assert not stranger.federation.exists()


def test_a_newcomer_pins_the_federation_that_it_asked_to_join(
    homes: list[Home], tmp_path: Path
) -> None:
    file = sign_charter(homes[1], PASSPHRASES.root, drafted(homes[:2]))
    newcomer = founded_home(tmp_path, "newcomer", file.federation)
    pin(newcomer, PASSPHRASES, file)
    assert newcomer.pinned().federation == file.federation
    elsewhere = founded_home(tmp_path, "elsewhere", bytes(31) + b"1")
    with pytest.raises(CharterUnpinned):
        pin(elsewhere, PASSPHRASES, file)
