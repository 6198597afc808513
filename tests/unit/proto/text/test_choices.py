"""Names in messages: ten of them at most, and the nearest first."""

from tearline.limits import MAX_LISTED_NAMES
from tearline.text.choices import listed, matched, one_of


def test_a_long_list_is_counted() -> None:
    names = [f"n{number:02}" for number in range(MAX_LISTED_NAMES + 2)]
    assert listed(names[:2]) == "n00, n01"
    assert listed(names[:MAX_LISTED_NAMES]).endswith("n09")
    assert listed(names).endswith("n09, … and 2 more")


def test_a_refused_name_is_told_the_nearest_and_all_others() -> None:
    told = one_of("harbor", "case", ["lantern", "harbour"])
    assert told == "there is no case 'harbor' (near: harbour); one of lantern, harbour"
    assert one_of("x", "case", ["lantern"]) == "there is no case 'x'; one of lantern"
    assert one_of("x", "case", []) == "there is no case 'x', and no other"


def test_a_name_of_several_lists_them() -> None:
    assert matched("5d", "id", ["5d01", "5d02"]) == "'5d' is the id of several: 5d01, 5d02"
