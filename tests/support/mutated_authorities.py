"""CA certificates that are mutated and signed again, by the key that they state."""

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial

from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.crypto.tls_keys import TlsKey
from tearline.identity import AgencyUri

NOW_S = 1_800_000_000
YEAR_S = 365 * 24 * 3600
HOSTILE = AgencyUri(trust_domain="hostile.example")
HONEST = tuple(AgencyUri(trust_domain=f"{name}.example") for name in ("us-justice", "mx", "cn"))
ALGORITHM = bytes.fromhex("300a06082a8648ce3d040302")


def der(tag: int, *parts: bytes) -> bytes:
    """An element of these parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes(2 if size > 255 else 1, "big")
    return bytes([tag, 128 + len(length)]) + length + content


def split(element: bytes) -> list[bytes]:
    """The elements in a constructed element."""
    header = 2 + (element[1] & 127 if element[1] & 128 else 0)
    content, found = element[header:], []
    while content:
        size, start = content[1], 2
        if size & 128:
            start = 2 + (size & 127)
            size = int.from_bytes(content[2:start], "big")
        found.append(content[: start + size])
        content = content[start + size :]
    return found


def name(domain: str, tag: int = 0x16) -> bytes:
    """The name of a trust domain, its labels in strings of some kind."""
    component = bytes.fromhex("060a0992268993f22c640119")
    labels = reversed(domain.encode().split(b"."))
    return der(0x30, *(der(0x31, der(0x30, component, der(tag, each))) for each in labels))


@cache
def authority(agency: AgencyUri) -> CertificateAuthority:
    """A CA as the product issues it."""
    return CertificateAuthority.create(agency, now_s=NOW_S, lifetime_s=YEAR_S)


@cache
def parts_of(agency: AgencyUri) -> tuple[bytes, ...]:
    """The eight parts of the signed part of a good certificate."""
    return tuple(split(split(authority(agency).certificate)[0]))


def signed_again(parts: list[bytes], agency: AgencyUri = HOSTILE) -> bytes:
    """A certificate of these parts, under a valid signature of the CA's key."""
    return signed_by_itself(der(0x30, *parts), agency)


def signed_by_itself(signed_part: bytes, agency: AgencyUri = HOSTILE) -> bytes:
    """A certificate of this signed part, under a valid signature of the CA's key."""
    key = TlsKey(authority(agency).private_bytes())
    return der(0x30, signed_part, ALGORITHM, der(3, b"\0", key.sign(signed_part)))


def with_part(
    number: int, part: bytes, *further: tuple[int, bytes], agency: AgencyUri = HOSTILE
) -> bytes:
    """A good certificate but for some parts, signed again."""
    parts = list(parts_of(agency))
    for place, other in ((number, part), *further):
        parts[place] = other
    return signed_again(parts, agency)


def named(tag: int, agency: AgencyUri = HOSTILE) -> bytes:
    """A certificate whose names are strings of another kind."""
    other = name(agency.trust_domain, tag)
    return with_part(3, other, (5, other), agency=agency)


def of_year_0(issuer: CertificateAuthority, leaf: bytes) -> bytes:
    """A leaf of a CA whose first date is in year 0, signed again."""
    parts = split(split(leaf)[0])
    parts[4] = der(0x30, der(0x18, b"00000101000000Z"), split(parts[4])[1])
    signed_part = der(0x30, *parts)
    key = TlsKey(issuer.private_bytes())
    return der(0x30, signed_part, ALGORITHM, der(3, b"\0", key.sign(signed_part)))


def squatting(domain: str, agency: AgencyUri = HOSTILE, *, serial: int = 1) -> bytes:
    """A certificate of the hostile agency, under the name of another and of any key."""
    extensions = split(split(parts_of(agency)[7])[0])[:-1]
    anonymous = der(0xA3, der(0x30, *extensions))
    further = ((1, der(2, bytes([serial]))), (5, name(domain)), (7, anonymous))
    return with_part(3, name(domain), *further, agency=agency)


def _dates(chance: random.Random, parts: list[bytes]) -> None:
    form, year = chance.choice(
        [(0x17, f"{chance.randrange(100):02}"), (0x18, f"{chance.randrange(9999):04}")]
    )
    end = chance.choice([b"20301231235959Z", b"00000101000000Z", b"99991231235959Z"])
    parts[4] = der(0x30, der(form, f"{year}0101000000Z".encode()), der(0x18, end))


def _good_dates(chance: random.Random, parts: list[bytes]) -> None:
    year = chance.randrange(20, 30)
    parts[4] = der(
        0x30,
        der(0x17, f"{year}{chance.randrange(1, 13):02}01000000Z".encode()),
        der(0x17, f"{year + chance.randrange(1, 12)}0101000000Z".encode()),
    )


def _serial(chance: random.Random, parts: list[bytes]) -> None:
    parts[1] = der(2, chance.randbytes(chance.randrange(24)))


def _good_serial(chance: random.Random, parts: list[bytes]) -> None:
    parts[1] = der(2, b"\1" + chance.randbytes(chance.randrange(19)))


def _names(domains: Sequence[str], chance: random.Random, parts: list[bytes]) -> None:
    other = name(chance.choice(domains), chance.choice([0x16, 0x0C, 0x13, chance.randrange(256)]))
    for place in chance.choice([(3, 5), (3,), (5,)]):
        parts[place] = other


def _extensions(chance: random.Random, parts: list[bytes]) -> None:
    found = split(split(parts[7])[0])
    other = der(0x30, der(6, b"\x2a\3" + chance.randbytes(2)), der(4, chance.randbytes(4)))
    change = chance.choice(["drop", "twice", "order", "further", "critical", "byte"])
    place = chance.randrange(len(found))
    if change == "drop":
        del found[place]
    elif change == "twice":
        found.append(found[place])
    elif change == "order":
        chance.shuffle(found)
    elif change == "further":
        found.insert(place, other)
    elif change == "critical":
        inner = split(found[place])
        found[place] = der(0x30, inner[0], der(1, b"\xff"), inner[-1])
    else:
        found[place] = flipped(chance, found[place])
    parts[7] = der(0xA3, der(0x30, *found))


def _any_part(chance: random.Random, parts: list[bytes]) -> None:
    place = chance.randrange(8)
    parts[place] = flipped(chance, parts[place])


def _lost_part(chance: random.Random, parts: list[bytes]) -> None:
    place = chance.randrange(8)
    parts[place : place + 1] = chance.choice([[], [parts[place]] * 2, [der(5), parts[place]]])


def flipped(chance: random.Random, data: bytes) -> bytes:
    """Some bytes with another bit."""
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


_CHANGES: tuple[Callable[[random.Random, list[bytes]], None], ...] = (
    _dates,
    _good_dates,
    _serial,
    _good_serial,
    _extensions,
    _any_part,
    _lost_part,
)


def mutated(
    chance: random.Random, agency: AgencyUri = HOSTILE, others: Sequence[AgencyUri] = HONEST
) -> bytes:
    """A hostile agency's CA, changed in one or two places and signed again.

    Args:
        chance: Draws the changes.
        agency: The hostile agency.
        others: The agencies whose names it may take.
    """
    parts = list(parts_of(agency))
    names = partial(_names, [each.trust_domain for each in (agency, *others)])
    for change in chance.sample([*_CHANGES, names], chance.choice([1, 1, 1, 2])):
        if len(parts) == 8:
            with suppress(IndexError, ValueError):  # the first change left nothing to take apart
                change(chance, parts)
    certificate = signed_again(parts, agency)
    return flipped(chance, certificate) if chance.randrange(16) == 0 else certificate
