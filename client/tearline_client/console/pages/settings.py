"""The signed-in person's own settings: the time zone in which pages show times."""

from starlette.responses import Response

from tearline.errors import MalformedInput
from tearline.text.choices import one_of
from tearline_client.console import time_zones
from tearline_client.console.pages.account import own_path
from tearline_client.console.visit import Visit


async def page(visit: Visit) -> Response:
    """Shows the settings of the person."""
    values = {"zones": time_zones.names(), "after": own_path(visit.query("next"))}
    return visit.render("settings.html", values)


async def change(visit: Visit) -> Response:
    """Stores the time zone with the person, and returns to the page before.

    Raises:
        MalformedInput: If this machine knows no such time zone.
    """
    form = await visit.form()
    zone = form.text("zone")
    if zone not in time_zones.names():
        raise MalformedInput(one_of(zone, "time zone", time_zones.names()))
    visit.node.sign_ins.set_zone(visit.person, zone)
    return visit.redirect(own_path(form.text("next")) or "/settings")
