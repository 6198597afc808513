"""Anchors: what they bind, and that they tell nothing."""

from dataclasses import replace

import pytest

from support.agencies import US, federation, secret
from tearline.audit.anchor import Anchor, AnchoredTree, verify_anchored
from tearline.errors import AccessLogChanged, StatementMalformed
from tearline.limits import MAX_LOG_SIZE

TREE = AnchoredTree(salt=secret("salt"), size=300, root=secret("root"))
ANCHOR = Anchor(header=federation().node(US).header, number=1, commitment=TREE.commitment())


def test_an_anchor_is_of_its_tree():
    verify_anchored(ANCHOR, TREE)


@pytest.mark.parametrize(
    "change", [{"size": 301}, {"root": secret("other")}, {"salt": secret("other")}], ids=str
)
def test_it_is_of_no_other(change):
    with pytest.raises(AccessLogChanged):
        verify_anchored(ANCHOR, replace(TREE, **change))


@pytest.mark.parametrize(
    "change", [{"number": 0}, {"number": 1 << 63}, {"commitment": b""}], ids=str
)
def test_what_is_no_anchor_is_refused(change):
    with pytest.raises(StatementMalformed):
        replace(ANCHOR, **change)


@pytest.mark.parametrize(
    "change", [{"size": 0}, {"size": MAX_LOG_SIZE + 1}, {"root": b""}, {"salt": bytes(31)}], ids=str
)
def test_what_is_no_tree_is_refused(change):
    with pytest.raises(StatementMalformed):
        replace(TREE, **change)
