"""Enrolment of a passkey with the one-time code of ``tearline person enrol``."""

from starlette.responses import Response

from tearline.errors import EnrolmentRefused, PasskeyRefused, SignInDelayed, TearlineError
from tearline_client.console.forms import Form, read_form
from tearline_client.console.proofs import record_refusal, verify_pace
from tearline_client.console.visit import Visit
from tearline_client.persons.passkeys import Passkey

CREATED = "created"
LABEL = "label"
"""Names of the fields with a new passkey, and with the person's name for it."""
_REFUSED = (EnrolmentRefused, PasskeyRefused, SignInDelayed)


async def page(visit: Visit) -> Response:
    """Shows the form for a name and a code."""
    return _form(visit)


async def enrol(visit: Visit) -> Response:
    """Verifies a name and a code, and asks the browser for a passkey, or stores the one it gave."""
    form = await read_form(visit.request)
    try:
        name, code = _verified(visit, form)
        if not form.text(CREATED):
            options = creation_options(visit, name, f"enrol {name}")
            values = {"name": name, "code": code, "options": options}
            return visit.render("enrol_passkey.html", values)
        created = created_passkey(visit, form, f"enrol {name}")
        visit.node.sign_ins.enrol(name, code, created)
    except _REFUSED as error:
        record_refusal(visit, form.text("name").strip(), error)
        return _form(visit, error)
    return visit.redirect("/sign-in")


def creation_options(visit: Visit, name: str, purpose: str) -> str:
    """Returns the options for the browser to create a passkey of a person.

    Raises:
        PasskeyRefused: If the console was opened under an IP address.
    """
    party, passkeys = visit.relying_party, visit.node.sign_ins.passkeys
    if party is None:
        raise PasskeyRefused("open the console by its name, for example localhost")
    challenge = visit.console.challenges.issue(purpose, visit.console.clock())
    return party.creation(name, passkeys.handle(name), passkeys.owned(name), challenge)


def created_passkey(visit: Visit, form: Form, purpose: str) -> Passkey:
    """Verifies the browser's answer to ``creation_options``, once, and returns the passkey.

    Raises:
        PasskeyRefused: If it does not verify, or answers for another purpose.
    """
    party, challenges, now_s = visit.relying_party, visit.console.challenges, visit.console.clock()
    if party is None:
        raise PasskeyRefused
    created = party.created(
        form.text(CREATED), lambda challenge: challenges.spend(challenge, purpose, now_s)
    )
    return Passkey(
        id=created.id,
        name=form.text(LABEL).strip(),
        key=created.key,
        count=created.count,
        added_s=now_s,
    )


def _verified(visit: Visit, form: Form) -> tuple[str, str]:
    """Returns a name and its code, verified at a pace of their own."""
    name, code = form.text("name").strip(), form.text("code").strip()
    attempts = f"enrol {name}"  # no person has a name with a space
    verify_pace(visit, attempts)
    visit.node.sign_ins.verify_code(name, code, visit.console.clock())
    visit.console.pace.forgive(attempts)
    return name, code


def _form(visit: Visit, refused: TearlineError | None = None) -> Response:
    status = 200 if refused is None else 429 if isinstance(refused, SignInDelayed) else 403
    return visit.render("enrol.html", {"refused": refused}, status=status)
