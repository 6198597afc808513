"""Proofs of a person: a passkey, or a passphrase as the fallback."""

import asyncio
import unicodedata
from collections.abc import Sequence

from tearline.dataclass.immutable import immutable
from tearline.errors import LoginRefused, PasskeyRefused, SignInDelayed, TearlineError
from tearline_client.console.forms import Form
from tearline_client.console.visit import Visit
from tearline_client.persons.passkeys import Passkey

PASSPHRASE = "passphrase"  # noqa: S105 (the name of a field)
PASSKEY = "passkey"
"""Names of the fields with a proof."""
PROOF_REFUSED = (LoginRefused, PasskeyRefused, SignInDelayed)
"""Errors of a proof that a page answers by asking again."""


@immutable
class Proved:
    """A person who was verified.

    Attributes:
        name: The person.
        credentials: Their credentials at that moment, or before; see ``SignIns``.
    """

    name: str
    credentials: bytes


async def verify_passphrase(visit: Visit, name: str, passphrase: str) -> Proved:
    """Verifies a person's passphrase, at the pace of their name; returns the person.

    Raises:
        LoginRefused: If the person may not sign in, or the passphrase is not theirs.
        SignInDelayed: If too many attempts came before.
    """
    console = visit.console
    # Keyboards spell é as one character, or as an e and an accent.
    data = unicodedata.normalize("NFC", passphrase).encode()
    async with console.verifications.turn():  # without a turn, an attempt does not count
        verify_pace(visit, name)
        credentials = await asyncio.to_thread(visit.node.sign_ins.verify, name, data)
    console.pace.forgive(name)
    return Proved(name=name, credentials=credentials)


def verify_pace(visit: Visit, name: str) -> None:
    """Counts an attempt for a name.

    Raises:
        SignInDelayed: If too many came before.
    """
    if wait_s := visit.console.pace.wait_s(name, visit.console.clock()):
        raise SignInDelayed(f"the next one is possible in {wait_s} s")


def passkey_options(visit: Visit, purpose: str, owned: Sequence[Passkey] = ()) -> str:
    """Returns the options for the browser to ask for a passkey, or an empty text without them.

    Args:
        visit: The request.
        purpose: The purpose of the answer.
        owned: The passkeys that may answer; none: any.
    """
    party = visit.relying_party
    if party is None:
        return ""
    return party.request(owned, visit.console.challenges.issue(purpose, visit.console.clock()))


async def verify_passkey(visit: Visit, text: str, purpose: str, name: str = "") -> Proved:
    """Verifies a browser's answer with a passkey, once, and returns the person.

    Args:
        visit: The request.
        text: The answer, JSON.
        purpose: The purpose for which the page asked.
        name: The only person whose passkey counts; empty: any.

    Raises:
        PasskeyRefused: If no passkey of such a person gave it for this purpose and this origin.
    """
    console, sign_ins, party = visit.console, visit.node.sign_ins, visit.relying_party
    if party is None:
        raise PasskeyRefused
    now_s = console.clock()
    answer = party.answered(text)
    console.challenges.verify(answer.challenge, purpose, now_s)
    # An authenticator may leave out the handle if it was asked for certain passkeys.
    holder = name if name and not answer.handle else sign_ins.holder(answer.handle)
    if name not in ("", holder):
        raise PasskeyRefused
    count = party.verify(answer, sign_ins.passkeys.owned(holder))
    # Nothing was awaited since the challenge was verified: of two equal answers, one counts.
    console.challenges.spend(answer.challenge, purpose, now_s)
    # Read before the use is recorded, which refuses a passkey that was removed until then.
    credentials = sign_ins.credentials(sign_ins.person(holder))
    record = sign_ins.passkeys.record_use
    await asyncio.to_thread(record, holder, answer.credential_id, count, now_s)
    return Proved(name=holder, credentials=credentials)


async def verify_person(visit: Visit, form: Form, purpose: str, name: str) -> None:
    """Verifies the proof of a person in a form: a passkey, or else a passphrase.

    Raises:
        TlsError: If it proves another person, or none.
    """
    if answer := form.text(PASSKEY):
        await verify_passkey(visit, answer, purpose, name)
    else:
        await verify_passphrase(visit, name, form.text(PASSPHRASE))


def record_refusal(visit: Visit, name: str, error: TearlineError) -> None:
    """Records a refused sign-in in the access log: a few at once for each name, then at a pace.

    A name that no person has is left out, as it may be a passphrase, typed into the wrong line.
    All such names share one pace, so that strangers do not fill the log.
    """
    sign_ins, console = visit.node.sign_ins, visit.console
    known = name if sign_ins.is_known(name) else ""
    if not console.noted.wait_s(known, console.clock()):
        sign_ins.record_refusal(known, error.code)
