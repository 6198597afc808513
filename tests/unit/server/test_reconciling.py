"""What a node is told of its channels when it or the exchange was lost."""

from builders import AGREEMENT_ID, CN, MX, US, node_of
from tearline.wire.reconciling import Standing
from tearline_server.reconciling import places_of


def test_a_node_is_told_where_its_channels_stand_though_a_batch_opens_others() -> None:
    channels = {
        (node_of(sender), node_of(CN), AGREEMENT_ID): (seq, 0) for sender, seq in ((US, 3), (MX, 5))
    }

    class Meanwhile(str):
        """A name; while it is compared, another thread judges a batch."""

        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            channels[node_of(CN), f"{other}", AGREEMENT_ID] = (1, 0)
            return str(self) == other

    assert places_of(Meanwhile(node_of(US)), channels) == (
        Standing(recipient=node_of(CN), agreement_id=AGREEMENT_ID, seq=3, mark=0),
    )
