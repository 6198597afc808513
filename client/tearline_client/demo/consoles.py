"""Consoles of the demo's agencies: a node with pages for each, and persons who sign in there."""

import secrets
import signal
import threading
import time
from collections.abc import Iterable

from tearline.dataclass.immutable import immutable
from tearline.persons.tokens import Role
from tearline.policy.marking import Tlp
from tearline_client.demo.agency import PASSPHRASE
from tearline_client.demo.world import AGENCIES, World, free_port
from tearline_client.keys.home import Home
from tearline_client.keys.keystore import Keystore
from tearline_client.persons.issuer import LocalIssuer

_ROLES = (Role.LIAISON, Role.OFFICER, Role.AUDITOR)
_NAMES = {
    "us-justice": ("ana", "owen", "iris"),
    "cn-public-security": ("mei", "jun", "tao"),
    "mx-prosecutor": ("luz", "raul", "alma"),
}
"""Invented persons of each agency, in the order of the roles."""
_PASSPHRASE_BYTES = 6  # with the pace of sign-ins: nobody guesses one while the demo runs


@immutable
class DemoPerson:
    """A person who may sign in to a console.

    Attributes:
        name: The person's name.
        role: Their one role.
        passphrase: Their passphrase.
        code: One-time code to enrol a passkey instead.
    """

    name: str
    role: Role
    passphrase: str
    code: str


@immutable
class DemoConsole:
    """The console of an agency.

    Attributes:
        agency: Short name of the agency.
        port: Its port on loopback.
        persons: The persons who may sign in.
    """

    agency: str
    port: int
    persons: tuple[DemoPerson, ...]

    @property
    def origin(self) -> str:
        """Returns the address for a browser."""
        return f"http://localhost:{self.port}"


def open_consoles(world: World) -> tuple[DemoConsole, ...]:
    """Lets exchange and nodes run on, the nodes with consoles; returns these, ready for browsers.

    ``World.stop`` ends them. They continue if this process ends without it.

    Raises:
        ExchangeUnreachable: If one of them does not start.
    """
    for agency in world.agencies.values():
        agency.stop()  # it has the keystore open
    consoles = tuple(_with_persons(world, name) for name in AGENCIES)
    world.leave(PASSPHRASE, consoles={each.agency: each.port for each in consoles})
    return consoles


def how_to_sign_in(consoles: Iterable[DemoConsole]) -> list[str]:
    """Returns lines with the address of each console, and its persons with their secrets."""
    lines: list[str] = []
    for console in consoles:
        lines += ["", f"{console.agency}: {console.origin}/"]
        lines += [
            f"  {person.name:5} {person.role.value:8} passphrase {person.passphrase}"
            f"  passkey code {person.code}"
            for person in console.persons
        ]
    return [*lines, ""] if lines else []


def await_end() -> None:
    """Waits for Ctrl-C, SIGTERM, or the end of the terminal."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()


def _with_persons(world: World, agency: str) -> DemoConsole:
    issuer = LocalIssuer(Keystore.open(Home(world.folder / agency).keys, PASSPHRASE))
    persons = []
    for name, role in zip(_NAMES[agency], _ROLES, strict=True):
        passphrase = secrets.token_hex(_PASSPHRASE_BYTES)
        issuer.add(name, roles={role}, clearance=Tlp.RED, passphrase=passphrase.encode())
        code = issuer.enrol(name, int(time.time()))
        persons.append(DemoPerson(name=name, role=role, passphrase=passphrase, code=code))
    return DemoConsole(agency=agency, port=free_port(), persons=tuple(persons))
