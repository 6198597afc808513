"""Every test of the console may work on a federation at rest, and on a console of one agency."""

import pytest

from attacks.conftest import memory, quick, template, world
from support.simulation import Simulation
from tearline.persons.tokens import Role
from unit.client.console.browsers import ConsoleUnderTest, add_person, console_of

__all__ = ["memory", "quick", "template", "world"]


@pytest.fixture
def console(world: Simulation) -> ConsoleUnderTest:
    """The console of the Mexican agency, with a person for each role."""
    for role in Role:
        add_person(world.mx, role.value, role)
    return console_of(world.mx)
