"""A TAXII server over a node of the simulation, and readers without a connection."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from support.node import context_of, stores_of
from support.simulation import Member
from tearline_client.features.feeds.accounts import FeedRole
from tearline_client.features.feeds.collection import Collection
from tearline_client.store.feed import NO_PACKET, NewRow
from tearline_client.taxii.answers import MEDIA_TYPE
from tearline_client.taxii.app import ROOT, taxii_application

ARTICLE = "narcotics-2026/money-laundering"


@dataclass(kw_only=True)
class Reader:
    """A program that reads with one token.

    Attributes:
        member: The agency whose node it reads.
        token: Its token; empty for none.
        reports: The faults that the server reported.
    """

    member: Member
    token: str = ""
    reports: list[str] = field(default_factory=list)
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        application = taxii_application(self.member.node, report=self.reports.append)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(application), base_url="https://taxii.example"
        )

    @property
    def collection(self) -> str:
        """The path of the article's collection."""
        feeds = self.member.node.feeds
        return f"{ROOT}collections/{feeds.collection_id(feeds.article(ARTICLE))}/"

    async def get(
        self, path: str, query: Mapping[str, str] | None = None, **headers: str
    ) -> httpx.Response:
        """Asks for a path, by default of the collection."""
        given = {"accept": MEDIA_TYPE, **headers}
        if self.token:
            given.setdefault("authorization", f"Bearer {self.token}")
        url = path if path.startswith("/") else self.collection + path
        return await self.client.get(url, params=query, headers=given)

    async def post(self, *objects: Mapping[str, Any], **headers: str) -> httpx.Response:
        """Adds objects to the collection."""
        return await self.send(json.dumps({"objects": objects}).encode(), **headers)

    async def send(self, body: bytes, **headers: str) -> httpx.Response:
        """Sends any content as an addition to the collection."""
        given = {"accept": MEDIA_TYPE, "content-type": MEDIA_TYPE, **headers}
        return await self.client.post(
            self.collection + "objects/",
            content=body,
            headers={"authorization": f"Bearer {self.token}", **given},
        )

    async def objects(self, **query: str) -> list[dict[str, Any]]:
        """All objects of the collection, page by page."""
        return (await self.walk(query))[0]

    async def walk(
        self, query: Mapping[str, str], path: str = "objects/"
    ) -> tuple[list[dict[str, Any]], str]:
        """All objects, page by page, and the time of the last one's addition."""
        found, asked, last = list[dict[str, Any]](), dict(query), ""
        while True:
            response = await self.get(path, asked)
            assert response.status_code == 200, response.text
            page = response.json()
            found += page.get("objects", [])
            last = response.headers.get("x-taxii-date-added-last", last)
            if not page.get("more"):
                return found, last
            asked["next"] = page["next"]


def reader(
    member: Member,
    name: str = "siem",
    *,
    roles: Sequence[FeedRole] = (FeedRole.READER,),
    collections: Sequence[Collection] = (),
) -> Reader:
    """A new account of a node, by default for the article of the lead, with its program."""
    feeds = member.node.feeds
    token = feeds.accounts.add(
        name, roles=roles, collections=collections or [feeds.article(ARTICLE)]
    )
    return Reader(member=member, token=token)


def put(member: Member, siem: Reader, *ids: str) -> None:
    """Adds objects without a packet to the collection, all at one time."""
    node = member.node
    index, now_us = node.feeds._index, context_of(node).now_ms() * 1000
    key = node.feeds.article(ARTICLE).key(index.tag)
    with stores_of(node).database.transaction():
        for each in ids:
            data = json.dumps({"id": each, "type": "location", "created": "2026-01-01T00:00:00Z"})
            stores_of(node).feed.add(
                NewRow(
                    collection=key,
                    object=index.object_tag(each),
                    type=index.type_tag("location"),
                    version_us=1,
                    packet=NO_PACKET,
                    content=bytes(16),
                    data=data.encode(),
                ),
                now_us=now_us,
            )
