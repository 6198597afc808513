"""Checkpoint policies (c2sp.org/tlog-policy): the required signatures of a checkpoint.

    log exchange.example/log+0337ae09+AVKi…
    witness us-justice spiffe://us-justice.example/node/hub+55f0…
    witness mx-prosecutor …
    group agencies all us-justice mx-prosecutor
    quorum agencies

A checkpoint is accepted if one of the logs signed it and the quorum's witnesses cosigned it. The
file is all that a reader of proofs needs: no charter, no node, no network.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from tearline.dataclass.immutable import immutable
from tearline.encoding import parse_decimal
from tearline.errors import (
    CheckpointForeign,
    CheckpointUnsigned,
    KeyMalformed,
    LogPolicyMalformed,
    MalformedInput,
    NoteMalformed,
    TearlineError,
)
from tearline.limits import MAX_COUNTED_KEYS, MAX_POLICY_FILE_BYTES
from tearline.tlog.checkpoint import (
    NoteAlgorithm,
    SignedCheckpoint,
    VerifierKey,
    parse_checkpoint,
    parse_checkpoint_text,
    parse_verifier_key,
)
from tearline.tlog.note import NoteSignature, parse_note

NONE = "none"
_MAX_LINES = 4 * MAX_COUNTED_KEYS  # each sort of line, and as many comments


@immutable
class CosignerGroup:
    """Group of witnesses and groups from earlier lines, with a minimum.

    Attributes:
        needed: Number of its members that must have witnessed, at least one.
        members: Their names, each once.
    """

    needed: int
    members: tuple[str, ...]


@immutable
class LogPolicy:
    """Required signatures of a checkpoint.

    Attributes:
        logs: Keys of the logs, one of which must have signed; a key's name is the log's.
        quorum: The witness or group that must have witnessed it; ``none`` for no witness.
        witnesses: Keys by the names that groups and the quorum use.
        groups: Groups by name, each after those that it names.
    """

    logs: tuple[VerifierKey, ...]
    quorum: str = NONE
    witnesses: Mapping[str, VerifierKey] = field(default_factory=dict)
    groups: Mapping[str, CosignerGroup] = field(default_factory=dict)

    def requires_cosigners(self) -> bool:
        """Returns whether signatures by the logs' own keys do not meet the policy."""
        logs = {key.name for key in self.logs}
        own = {key for key in self.witnesses.values() if key.name in logs}
        return not self._witnessed(self.quorum, own)

    def encode(self) -> bytes:
        """Returns the policy as a file, in UTF-8."""
        lines = [
            *(f"log {key.encode()}" for key in self.logs),
            *(f"witness {name} {key.encode()}" for name, key in self.witnesses.items()),
            *(
                f"group {name} {group.needed} {' '.join(group.members)}"
                for name, group in self.groups.items()
            ),
            f"quorum {self.quorum}",
        ]
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")

    def verify(self, note: bytes) -> SignedCheckpoint:
        """Returns the checkpoint in ``note``, if it meets the policy.

        Raises:
            LogError: The first of ``failings``, if there is one.
        """
        for error in self.failings(note):
            raise error
        origin = parse_checkpoint_text(parse_note(note).text).origin
        return parse_checkpoint(note, origin=origin, required=(), known=self._known(origin))

    def failings(self, note: bytes) -> Iterator[TearlineError]:
        """Yields every violation of the policy by ``note``; none if it is accepted."""
        try:
            parsed = parse_note(note)
            checkpoint = parse_checkpoint_text(parsed.text)
        except TearlineError as error:
            yield error
            return
        if all(key.name != checkpoint.origin for key in self.logs):
            yield CheckpointForeign(f"{checkpoint.origin}, which the policy does not name")
            return
        lines: dict[tuple[str, bytes], list[NoteSignature]] = defaultdict(list)
        for line in parsed.signatures:
            lines[line.name, line.key_hash].append(line)
        signed: set[VerifierKey] = set()
        for key in self._known(checkpoint.origin):
            # Key by key, so that a forged signature does not hide a missing one.
            match lines.get((key.name, key.key_hash)):
                case [line]:
                    try:
                        key.verify(checkpoint, line)
                    except TearlineError as error:
                        yield error
                    else:
                        signed.add(key)
                case [_, *_]:
                    yield NoteMalformed("a key signs twice")
                case _:
                    pass  # this key did not sign: whether enough did is asked below
        if signed.isdisjoint(self.logs):
            yield CheckpointUnsigned("no log of the policy signed it")
        if not self._witnessed(self.quorum, signed):
            yield CheckpointUnsigned(f"{self.quorum}, the policy's quorum, did not witness it")

    def _known(self, origin: str) -> list[VerifierKey]:
        logs = [key for key in self.logs if key.name == origin]
        return list(dict.fromkeys([*logs, *self.witnesses.values()]))

    def _witnessed(self, name: str, signed: set[VerifierKey]) -> bool:
        # In the order of the file, in which a group stands after its members: no recursion.
        witnessed = {NONE} | {each for each, key in self.witnesses.items() if key in signed}
        for each, group in self.groups.items():
            if sum(member in witnessed for member in group.members) >= group.needed:
                witnessed.add(each)
        return name in witnessed


def parse_log_policy(data: bytes) -> LogPolicy:
    """Returns the policy in a file.

    Raises:
        LogPolicyMalformed: If ``data`` is not valid; names the line.
    """
    if len(data) > MAX_POLICY_FILE_BYTES:
        raise LogPolicyMalformed("the file is too large")
    # The format's names are octets: surrogate escapes keep bytes that are not UTF-8 distinct.
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    if len(lines) > _MAX_LINES or any(
        (ord(character) < 0x20 and character != "\t") or character == "\x7f"
        for line in lines
        for character in line
    ):
        raise LogPolicyMalformed("the file has too many lines, or a control character")
    reader = _Reader()
    for number, line in enumerate(lines, start=1):
        words = line.replace("\t", " ").split(" ")
        words = [word for word in words if word]
        if not words or words[0].startswith("#"):
            continue
        try:
            reader.read(words)
        except (KeyMalformed, MalformedInput) as error:
            raise LogPolicyMalformed(f"line {number}: {error.why or error.what}") from None
    return reader.policy()


def trusted_keys(
    vkeys: Iterable[str],
    witnesses: Mapping[str, VerifierKey] | None = None,
    needed: Iterable[str] = (),
    groups: Mapping[str, CosignerGroup] | None = None,
) -> LogPolicy:
    """Returns the policy that requires every key of a log, and some of its cosigners.

    A policy accepts any one of its logs. Where a log signs with several keys, all but its first,
    Ed25519 key are therefore listed as witnesses that the quorum requires.

    Args:
        vkeys: The log's keys, as the constitution has them.
        witnesses: Cosigners' keys by name: verified where they signed.
        needed: The names of the required cosigners and groups.
        groups: Groups by name, each after those that it names.

    Raises:
        KeyMalformed: If a key is of a kind that is not in use.
        LogPolicyMalformed: If there is no key at all.
    """
    keys = [parse_verifier_key(text) for text in vkeys]
    keys.sort(key=lambda key: key.algorithm is not NoteAlgorithm.ED25519)
    if not keys:
        raise LogPolicyMalformed("the log has no key")
    first, *others = keys
    own = {f"the-log-{number}": key for number, key in enumerate(others, start=2)}
    members = (*own, *needed)
    group = CosignerGroup(needed=len(members), members=members)
    several = len(members) > 1
    return LogPolicy(
        logs=(first,),
        witnesses={**own, **(witnesses or {})},
        groups={**(groups or {}), **({"everyone": group} if several else {})},
        quorum="everyone" if several else next(iter(members), NONE),
    )


class _Reader:
    """Parser of a policy's lines, in order."""

    def __init__(self) -> None:
        self._logs: list[VerifierKey] = []
        self._witnesses: dict[str, VerifierKey] = {}
        self._groups: dict[str, CosignerGroup] = {}
        self._members: set[str] = set()
        self._quorum = ""

    def policy(self) -> LogPolicy:
        if not self._quorum:
            raise LogPolicyMalformed("there is no quorum line")
        return LogPolicy(
            logs=tuple(self._logs),
            witnesses=self._witnesses,
            groups=self._groups,
            quorum=self._quorum,
        )

    def read(self, words: list[str]) -> None:
        match words:
            case ["log", key] | ["log", key, _]:
                self._logs.append(_fresh(key, self._logs))
            case ["witness", name, key] | ["witness", name, key, _]:
                self._name(name)
                self._witnesses[name] = _fresh(key, self._witnesses.values())
            case ["group", name, needed, *members] if members:
                self._name(name)
                self._groups[name] = self._group(needed, members)
            case ["quorum", name] if not self._quorum:
                if name != NONE:
                    self._defined(name)
                self._quorum = name
            case _:
                raise MalformedInput("log, witness, group or the one quorum was expected")

    def _name(self, name: str) -> None:
        if name == NONE or name in self._witnesses or name in self._groups:
            raise MalformedInput("the name is taken")

    def _defined(self, name: str) -> None:
        if name not in self._witnesses and name not in self._groups:
            raise MalformedInput("a name is used before the line that defines it")

    def _group(self, needed: str, members: list[str]) -> CosignerGroup:
        for member in members:
            self._defined(member)
            if member in self._members:
                # Otherwise one witness could count twice.
                raise MalformedInput("a name is a member twice")
            self._members.add(member)
        match needed:
            case "all":
                count = len(members)
            case "any":
                count = 1
            case _:
                count = parse_decimal(needed, maximum=len(members))
        if count < 1:
            raise MalformedInput("a group needs at least one of its members")
        return CosignerGroup(needed=count, members=tuple(members))


def _fresh(vkey: str, known: Iterable[VerifierKey]) -> VerifierKey:
    key = parse_verifier_key(vkey)
    if any(each.public == key.public for each in known):
        raise MalformedInput("the key is listed twice")
    return key
