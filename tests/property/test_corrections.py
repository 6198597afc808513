"""Lines of corrections, however they branch and in whatever order they come."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from tearline.packets.correction import earlier, superseded


@st.composite
def grown(draw: st.DrawFn) -> dict[bytes, bytes]:
    """Corrections of a few packets, of which an exchange that lies took several of one."""
    packets = [bytes([number]) * 32 for number in range(draw(st.integers(1, 3)))]
    corrects: dict[bytes, bytes] = {}
    for number in range(draw(st.integers(0, 12))):
        corrected = draw(st.sampled_from(packets))
        packet = hashlib.sha256(bytes([number]) + corrected).digest()
        packets.append(packet)
        corrects[packet] = corrected
    return corrects


@given(grown(), st.randoms(use_true_random=False))
def test_what_was_superseded_stays_so_and_all_agree_in_the_end(
    corrects: dict[bytes, bytes], random: "st.DrawFn"
) -> None:
    arrivals = list(corrects.items())
    random.shuffle(arrivals)  # type: ignore[attr-defined]  # hypothesis types it as a strategy's
    here: dict[bytes, bytes] = {}
    before: set[bytes] = set()
    for packet, corrected in arrivals:
        here[packet] = corrected
        after = superseded(here)
        assert before <= after.keys()
        assert corrected in after
        before = {*after}
    assert superseded(here) == superseded(corrects)


@given(grown())
def test_each_line_has_one_last_word_that_stands_in_it(corrects: dict[bytes, bytes]) -> None:
    found = superseded(corrects)
    for packet, last in found.items():
        assert last not in found
        first, own = ([each, *earlier(each, corrects)][-1] for each in (packet, last))
        assert first == own
    assert found.keys() == {*corrects, *corrects.values()} - {*found.values()}


@given(grown())
def test_a_line_that_does_not_branch_ends_with_the_packet_that_nothing_corrects(
    corrects: dict[bytes, bytes],
) -> None:
    straight = {corrected: packet for packet, corrected in corrects.items()}
    line = {packet: corrected for corrected, packet in straight.items()}
    for last in superseded(line).values():
        assert last not in straight
