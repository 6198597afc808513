"""Values sought inside longer texts: as a look at each of them would find."""

from hypothesis import given
from hypothesis import strategies as st

from tearline_client.planning.substrings import Substrings

LEAST = 3
TEXTS = st.text("ab ", max_size=12)


@given(values=st.sets(TEXTS, max_size=6), text=TEXTS)
def test_values_are_found_as_one_by_one(values: set[str], text: str) -> None:
    expected = text in values or any(len(value) >= LEAST and value in text for value in values)
    assert Substrings(values, LEAST).are_in(text) is expected
