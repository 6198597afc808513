"""The passkeys of the signed-in person: added and removed by themselves."""

from starlette.responses import Response

from tearline.errors import FormRefused, PasskeyRefused, TearlineError
from tearline_client.console.pages.account import end_other_sessions
from tearline_client.console.pages.enrolment import created_passkey, creation_options
from tearline_client.console.visit import Visit


async def page(visit: Visit) -> Response:
    """Shows the person's passkeys, and the form for another one."""
    return _list(visit)


async def change(visit: Visit) -> Response:
    """Adds or removes a passkey of the person."""
    form = await visit.form()
    sign_ins = visit.node.sign_ins
    match form.text("act"):
        case "add":
            try:
                sign_ins.add_passkey(visit.person, created_passkey(visit, form, _purpose(visit)))
            except PasskeyRefused as error:
                return _list(visit, error)
        case "remove":
            sign_ins.remove_passkey(visit.person, passkey_id(form.text("id")))
        case _:
            raise FormRefused("its act is neither add nor remove")
    end_other_sessions(visit)
    return visit.redirect("/passkeys")


def passkey_id(text: str) -> bytes:
    """Returns the id of a passkey in a form.

    Raises:
        FormRefused: If it is not hexadecimal.
    """
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise FormRefused("the id of the passkey is not hexadecimal") from None


def _list(visit: Visit, refused: TearlineError | None = None) -> Response:
    owned = visit.node.sign_ins.passkeys.owned(visit.person)
    has_name = visit.relying_party is not None
    values = {
        "owned": owned,
        "options": creation_options(visit, visit.person, _purpose(visit)) if has_name else "",
        "refused": refused,
    }
    return visit.render("passkeys.html", values, status=200 if refused is None else 403)


def _purpose(visit: Visit) -> str:
    """Returns the purpose of a new passkey: for the person of this session."""
    return f"add {visit.csrf}"
