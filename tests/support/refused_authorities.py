"""CA certificates outside the profile, one for each clause, by the name of what is wrong."""

from support.mutated_authorities import (
    HONEST,
    HOSTILE,
    authority,
    der,
    name,
    named,
    parts_of,
    signed_again,
    split,
    squatting,
    with_part,
)

GOOD = authority(HOSTILE).certificate
EXTENSIONS = split(split(parts_of(HOSTILE)[7])[0])
FURTHER = bytes.fromhex("300a06032a030404030101ff")


def extended(*extensions: bytes) -> bytes:
    return with_part(7, der(0xA3, der(0x30, *extensions)))


def dated(first: bytes, last: bytes) -> bytes:
    return with_part(4, der(0x30, first, last))


def utc(text: str) -> bytes:
    return der(0x17, text.encode())


def generalized(text: str) -> bytes:
    return der(0x18, text.encode())


def other_extension(place: int, old: bytes, new: bytes) -> bytes:
    found = EXTENSIONS[place]
    assert old in found
    changed = [*EXTENSIONS]
    changed[place] = found.replace(old, new)
    return extended(*changed)


def padded(bits: bytes) -> bytes:
    """The bits of a signature, whose numbers have a byte more than they need."""
    numbers = [der(2, b"\0", number[2:]) for number in split(bits[3:])]
    return der(3, b"\0", der(0x30, *numbers))


BASIC, USAGE, NAMES, IDENTIFIER = range(4)
OUTSIDE = {
    **{f"names in strings of tag {tag}": named(tag) for tag in (1, 3, 5, 10, 12, 17, 19, 20, 23)},
    "a subject alone of another kind": with_part(5, name(HOSTILE.trust_domain, 0x0C)),
    "an issuer alone of another kind": with_part(3, name(HOSTILE.trust_domain, 0x0C)),
    "the subject of another agency": with_part(
        3, name(HONEST[0].trust_domain), (5, name(HONEST[0].trust_domain))
    ),
    "the subject of another agency, for any key": squatting(HONEST[0].trust_domain),
    "an empty subject": with_part(3, der(0x30), (5, der(0x30))),
    "version 1": with_part(0, der(0xA0, der(2, b"\0"))),
    "no version": signed_again(list(parts_of(HOSTILE)[1:])),
    "a serial of 0": with_part(1, der(2, b"\0")),
    "a negative serial": with_part(1, der(2, b"\x80")),
    "an empty serial": with_part(1, der(2)),
    "a padded serial": with_part(1, der(2, b"\0\1")),
    "a serial of 21 bytes": with_part(1, der(2, b"\1" + bytes(20))),
    "another algorithm": with_part(2, bytes.fromhex("300a06082a8648ce3d040303")),
    "an algorithm with a parameter": with_part(2, bytes.fromhex("300c06082a8648ce3d0403020500")),
    "a date in year 0": dated(generalized("00000101000000Z"), utc("300101000000Z")),
    "a date without an end": dated(utc("270101000000Z"), generalized("99991231235959Z")),
    "an end before its beginning": dated(utc("300101000000Z"), utc("270101000000Z")),
    "eleven years": dated(utc("270101000000Z"), utc("380101000000Z")),
    "seven days": dated(utc("270101000000Z"), utc("270108000000Z")),
    "a short date written long": dated(generalized("20270101000000Z"), utc("300101000000Z")),
    "a date without seconds": dated(utc("2701010000Z"), utc("300101000000Z")),
    "a date with an offset": dated(utc("270101000000+0000"), utc("300101000000Z")),
    "no constraints": extended(*EXTENSIONS[1:]),
    "constraints that are not critical": extended(
        der(0x30, *(each for each in split(EXTENSIONS[BASIC]) if each[0] != 1)), *EXTENSIONS[1:]
    ),
    "a CA that lets CAs follow": other_extension(BASIC, b"\1\1\xff\2\1\0", b"\1\1\xff\2\1\1"),
    "no CA": other_extension(BASIC, b"\4\x08\x30\6\1\1\xff", b"\4\x08\x30\6\1\1\0"),
    "a key that signs handshakes": other_extension(USAGE, b"\2\1\6", b"\2\1\x86"),
    "a key that signs no certificates": other_extension(USAGE, b"\2\1\6", b"\2\1\2"),
    "the URI of a node": extended(
        *EXTENSIONS[:2],
        der(0x30, b"\6\3\x55\x1d\x11", der(4, der(0x30, der(0x86, f"{HOSTILE}/node/a".encode())))),
        EXTENSIONS[3],
    ),
    "two URIs": extended(
        *EXTENSIONS[:2],
        der(0x30, b"\6\3\x55\x1d\x11", der(4, der(0x30, *2 * [der(0x86, str(HOSTILE).encode())]))),
        EXTENSIONS[3],
    ),
    "the identifier of another key": other_extension(
        IDENTIFIER, EXTENSIONS[IDENTIFIER][-20:], bytes(20)
    ),
    "no identifier": extended(*EXTENSIONS[:3]),
    "extensions in another order": extended(*EXTENSIONS[::-1]),
    "an extension twice": extended(*EXTENSIONS, EXTENSIONS[1]),
    "a further extension": extended(*EXTENSIONS, FURTHER),
    "a further extension in between": extended(EXTENSIONS[0], FURTHER, *EXTENSIONS[1:]),
    "another key": with_part(6, parts_of(HOSTILE)[6][:-1] + b"\1"),
    "a compressed key": with_part(
        6, der(0x30, parts_of(HOSTILE)[6][2:23], der(3, b"\0\2" + bytes(32)))
    ),
    "a further part": signed_again([*parts_of(HOSTILE), der(5)]),
    "a signature by another key": der(
        0x30, *split(GOOD)[:2], split(authority(HONEST[0]).certificate)[2]
    ),
    "a signature of unused bits": GOOD[: -len(split(GOOD)[2])] + der(3, b"\1", split(GOOD)[2][3:]),
    "a padded signature": der(0x30, *split(GOOD)[:2], padded(split(GOOD)[2])),
    "a byte behind": GOOD + b"\0",
    "a byte less": GOOD[:-1],
    "nothing": b"",
    "no certificate": b"\x30\x00",
    "too much": b"\x30" * 20_000,
}
