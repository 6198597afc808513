"""``tearline log erase``: from an order to what an auditor is still shown."""

from pathlib import Path

from support.cli import AUDITOR, Desk
from tearline.errors import EXIT_NOT_FOUND, EXIT_REFUSED

REASON = "the term has passed"


def test_an_order_from_its_draft_to_its_proof(desk: Desk, tmp_path: Path) -> None:
    word = desk.folder / "word"
    for arguments in (("person", "add", "olga", "--role", "officer"), ("login", "olga")):
        assert desk.run(*arguments, "--person-passphrase-file", word).exit_code == 0
    (row,) = desk.rows("audit", "search", "action:packet-accepted", "--as", AUDITOR)
    index, order, proofs = row["entry"], tmp_path / "erasure.order", tmp_path / "proofs"
    draft = ("log", "erase", "draft", index, "--reason", REASON, "--output-file", order)

    assert desk.run(*draft, "--as", AUDITOR).exit_code == EXIT_REFUSED
    assert not order.exists()
    drafted = desk.run(*draft, "--as", "olga")
    assert (drafted.exit_code, drafted.stderr) == (0, f"Signed {order}; all parties have signed.\n")
    unsaid = desk.run("log", "erase", "sign", order, "--as", "olga")  # without a confirmation
    assert "TL-USE-005" in unsaid.stderr
    acts = [row["detail"] for row in desk.rows("audit", "access", "--as", AUDITOR)]
    assert any(act.startswith("erasure draft") for act in acts)
    assert not any(act.startswith("erasure sign") for act in acts)
    published = desk.run("log", "erase", "publish", order)
    assert (published.exit_code, published.stderr) == (
        0,
        f"Erased the events of 1 entry: {index}.\n",
    )
    again = desk.run("log", "erase", "draft", index, "--reason", REASON, "--output-file", order)
    assert again.exit_code != 0
    (listed,) = desk.rows("log", "erase", "list")
    assert (listed["erased"], listed["reason"]) == (str(index), REASON)
    assert desk.rows("audit", "search", "action:packet-accepted", "--as", AUDITOR) == []

    proofs.mkdir()
    assert desk.run("audit", "prove", listed["id"], "--output-dir", proofs).exit_code == 0
    rows = {row["entry"]: row for row in desk.rows("audit", "verify", proofs)}
    assert rows.keys() == {index, listed["entry"]}
    told = rows[index]
    assert (told["outcome"], told["action"], told["order"]) == (
        "verified",
        "erased",
        listed["entry"],
    )
    assert told["why"] == f"present; erased by the order in entry {listed['entry']}"
    assert (told["reason"], told["parties"]) == (REASON, ["spiffe://justice.us.example"])


def test_what_this_node_was_not_told_of_it_does_not_order(desk: Desk, tmp_path: Path) -> None:
    word = desk.folder / "word"
    for arguments in (("person", "add", "olga", "--role", "officer"), ("login", "olga")):
        assert desk.run(*arguments, "--person-passphrase-file", word).exit_code == 0
    order = tmp_path / "erasure.order"
    arguments = ("log", "erase", "draft", 999, "--reason", REASON, "--output-file", order)
    assert desk.run(*arguments, "--as", "olga").exit_code == EXIT_NOT_FOUND
