"""The example in the docstring of every public name does what it says."""

import asyncio
import doctest

import pytest

import tearline_client
from support.cli import OUR_NAME, Desk
from support.simulation import PASSPHRASE
from tearline_client import About, Entity, SyncNode, connected_groups

LEAD = connected_groups(
    [
        Entity(id="qiu", schema="Person", properties={"name": ("Qiu Wenhao",)}),
        Entity(id="transfer", schema="Payment", properties={"date": ("2026-02-17",)}),
    ]
)[0]


@pytest.mark.parametrize("name", tearline_client.__all__)
def test_the_example_of_a_public_name_holds(
    name: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    public = {each: getattr(tearline_client, each) for each in tearline_client.__all__}
    with SyncNode.open(OUR_NAME, passphrase=PASSPHRASE) as node:
        given = {
            "asyncio": asyncio,
            "passphrase": PASSPHRASE,
            "node": node,
            "group": LEAD,
            "about": About(article="money-laundering", purpose="criminal-investigation"),
        }
        (example,) = doctest.DocTestFinder(recurse=False).find(
            public[name], name, globs=public | given
        )
        said: list[str] = []
        outcome = doctest.DocTestRunner().run(example, out=said.append)
    assert outcome.attempted, f"{name} has no example"
    assert not outcome.failed, "".join(said)
