"""Service accounts: programs that use the node over TAXII, added and removed by an officer."""

from starlette.responses import Response

from tearline.errors import FormRefused, MalformedInput, NotConfirmed
from tearline.text.choices import one_of
from tearline_client.console.forms import Form
from tearline_client.console.visit import Visit
from tearline_client.console.words import FEED_ROLES
from tearline_client.features.feeds.accounts import FeedRole


async def page(visit: Visit) -> Response:
    """Shows all accounts, the drafts that they added, and the form for a new one."""
    node = visit.node
    feeds = node.feeds
    accounts = [
        (
            each.name,
            [FEED_ROLES[role] for role in FeedRole if role in each.roles],
            [(feeds.title(some), feeds.collection_id(some)) for some in each.collections],
            each.created_ms,
        )
        for each in feeds.accounts.list()
    ]
    return visit.render(
        "agency/service_accounts.html",
        {
            "accounts": accounts,
            "drafts": feeds.drafts.list(),
            "choices": FEED_ROLES,
            "articles": dict.fromkeys(
                f"{each.name}/{article.id}"
                for each in node.agreements.list()
                for article in each.terms.articles
            ),
        },
    )


async def change(visit: Visit) -> Response:
    """Adds an account, and shows its token once; or removes one whose name was typed."""
    form, accounts = await visit.form(), visit.node.feeds.accounts
    name = form.text("name").strip()
    match form.text("act"):
        case "add":
            feeds, cases = visit.node.feeds, visit.node.cases
            titles = [line.strip() for line in form.text("cases").splitlines()]
            token = accounts.add(
                name,
                roles=_roles(form),
                collections=[
                    *(feeds.article(each) for each in form.texts("article")),
                    *(feeds.case(cases.find(each).id) for each in titles if each),
                ],
                by=visit.person,
            )
            return visit.render("agency/token.html", {"name": name, "token": token})
        case "remove":
            if form.text("typed").strip() != name:
                raise NotConfirmed(f"{name} was to be typed")
            accounts.remove(name, by=visit.person)
            return visit.redirect("/agency/service-accounts")
        case _:
            raise FormRefused("its act is none of add and remove")


def _roles(form: Form) -> frozenset[FeedRole]:
    chosen = form.texts("role")
    if unknown := [each for each in chosen if each not in {role.value for role in FeedRole}]:
        raise MalformedInput(one_of(unknown[0], "role", (role.value for role in FeedRole)))
    return frozenset(map(FeedRole, chosen))
