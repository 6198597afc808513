"""Persons of the agency, added and changed by an officer in charge."""

from starlette.responses import Response

from tearline.errors import FormRefused, MalformedInput, NotConfirmed
from tearline.persons.tokens import Role
from tearline.policy.marking import Tlp
from tearline.text.choices import one_of
from tearline_client.console.forms import Form
from tearline_client.console.pages.account import end_other_sessions
from tearline_client.console.pages.passkeys import passkey_id
from tearline_client.console.visit import Visit
from tearline_client.console.words import ROLES


async def new_page(visit: Visit) -> Response:
    """Shows the form for a new person."""
    levels = [level.text for level in Tlp]
    return visit.render(
        "agency/new_person.html",
        {"choices": ROLES, "levels": levels, "usual": Tlp.AMBER_STRICT.text},
    )


async def add(visit: Visit) -> Response:
    """Adds a person, and shows their code once."""
    form = await visit.form()
    name, roles = form.text("name").strip(), _roles(form)
    clearance = _clearance(form.text("clearance"))
    code = visit.node.register.add(name, roles=roles, clearance=clearance, by=visit.person)
    return _code(visit, name, code)


async def page(visit: Visit) -> Response:
    """Shows a person with their passkeys, and the effect of disabling them."""
    person = visit.node.register.person(visit.request.path_params["person"])
    return visit.render(
        "agency/person.html",
        {
            "person": person,
            "held": [ROLES[role] for role in Role if role in person.roles],
            "clearance": person.clearance.text.upper(),
            "owned": visit.node.sign_ins.passkeys.owned(person.name),
            "sessions": visit.console.sessions.count(person.name),
            "is_linked": visit.node.sign_ins.links.has(person.name),
            "is_self": person.name == visit.person,
        },
    )


async def change(visit: Visit) -> Response:
    """Disables a person, makes a new code for them, or removes a passkey or link of theirs."""
    form, register = await visit.form(), visit.node.register
    name = register.person(visit.request.path_params["person"]).name
    match form.text("act"):
        case "disable":
            if form.text("typed").strip() != name:
                raise NotConfirmed(f"{name} was to be typed")
            register.disable(name, by=visit.person)
            _end_all(visit, name)
            return visit.redirect("/agency")
        case "enrol":
            return _code(visit, name, register.enrol(name, by=visit.person))
        case "remove":
            register.remove_passkey(name, passkey_id(form.text("id")), by=visit.person)
            _end_sessions(visit, name)
            return visit.redirect(f"/agency/persons/{name}")
        case "unlink":
            register.unlink(name, by=visit.person)
            _end_sessions(visit, name)
            return visit.redirect(f"/agency/persons/{name}")
        case _:
            raise FormRefused("its act is none of disable, enrol, remove and unlink")


def _end_sessions(visit: Visit, name: str) -> None:
    """Ends the sessions of a person whose credentials changed, except the officer's own one."""
    if name == visit.person:
        end_other_sessions(visit)
    else:
        _end_all(visit, name)


def _end_all(visit: Visit, name: str) -> None:
    visit.console.sessions.end_all(name)
    visit.node.sign_ins.end(name)


def _roles(form: Form) -> frozenset[Role]:
    chosen = form.texts("role")
    if unknown := [each for each in chosen if each not in {role.value for role in Role}]:
        raise MalformedInput(one_of(unknown[0], "role", (role.value for role in Role)))
    return frozenset(Role(each) for each in chosen)


def _clearance(text: str) -> Tlp:
    levels = {level.text: level for level in Tlp}
    if text not in levels:
        raise MalformedInput(one_of(text, "clearance", levels))
    return levels[text]


def _code(visit: Visit, name: str, code: str) -> Response:
    return visit.render("agency/code.html", {"name": name, "code": code})
