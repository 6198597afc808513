"""A light node beside three full ones, all of them processes: it joins, agrees, and exchanges."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from support.docs_pages import program
from support.federation import (
    MX,
    ORDER,
    PASSPHRASE,
    US,
    Agency,
    Federation,
    Operator,
    Running,
    at_work,
    copied,
)
from tearline.errors import EXIT_NOT_FOUND, RecipientKeyExpired
from tearline_client.demo.lead import AGREEMENT, RECORDS, REQUEST, lead_jsonl

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(twin="tests/attacks/test_light_nodes.py::test_it_receives_and_sends"),
]

JP, JP_DOMAIN, OFFICER = "jp-customs", "customs.jp.example", "aki"
WITH_JAPAN = (
    AGREEMENT.replace("cn-public-security", JP)
    .replace("narcotics-2026", "with-japan")
    .replace("[article.money-laundering]", "[article.money-laundering]\nboth_before_open = true")
)
ACT = ("--yes", "--as", OFFICER, "-o", "json")


class BriskOperator(Operator):
    """An exchange that states the directory every two seconds, where others take a minute."""

    def command(self, *arguments: str) -> list[str]:
        code = (
            "import tearline.limits; tearline.limits.DIRECTORY_INTERVAL_MS = 2000;"
            "from tearline_server.cli import main; main()"
        )
        return [sys.executable, "-c", code, *arguments, "--home", str(self.home)]


class Story:
    """A federation whose three full nodes run by themselves, while Japan's light one is asked."""

    def __init__(self, federation: Federation, running: Running) -> None:
        self.federation = federation
        self.jp = federation.agencies[JP]
        self._running = running

    def until(self, ready: Callable[[], bool], what: str) -> None:
        self._running.await_(ready, what)

    def file(self, name: str, text: str) -> str:
        path = self.federation.folder / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        return str(path)

    def login(self, agency: Agency) -> None:
        word = ("--person-passphrase-file", self.file("word", "a word of one's own\n"))
        roles = ("--role", "officer", "--role", "liaison")
        agency.done_here("person", "add", OFFICER, *roles, *word)
        agency.done_here("login", OFFICER, *word)

    def mail(self, sender: Agency, recipient: Agency) -> str:
        """Sends the lead, waits until it has arrived, and returns its packet's id."""
        to = ("--agreement=with-japan", *ORDER[1:], f"--to={recipient.home.name}")
        lead = str(self.federation.lead())
        sent = sender.here("packet", "send", lead, *to, *ACT)
        # A light sender may not know of a partner's new key yet; its node then seals it again.
        assert sent.status == 0 or RecipientKeyExpired.code in sent.err, sent
        packet = str(sent.rows[0]["packet"])

        def arrived() -> bool:
            sender.done_here("node", "sync")  # a light sender signs the log, too
            listed = recipient.done_here("packet", "list", "-o", "json").rows
            return packet in {each["id"] for each in listed}

        self.until(arrived, "the packet arrived")
        return packet

    def request(self, asker: Agency, holder: Agency) -> None:
        """Asks for records, and waits for the answer."""
        text = REQUEST.replace("us-justice", holder.home.name).replace(
            "narcotics-2026", "with-japan"
        )
        file = self.file("request.toml", text.rpartition("[[item]]")[0])
        (asked,) = asker.done_here("request", "new", file, *ACT).rows
        records = self.file("records.jsonl", lead_jsonl(RECORDS))

        def state(agency: Agency) -> str:
            rows = agency.done_here("request", "list", "-o", "json").rows
            return {row["request"]: str(row["state"]) for row in rows}.get(asked["request"], "")

        self.until(lambda: bool(state(asker) and state(holder)), "the request arrived")
        holder.done_here("request", "answer", asked["request"], records, *ACT)
        self.until(lambda: (state(holder), state(asker)) == ("answered",) * 2, "it was answered")

    def replace_encryption_key(self, agency: Agency) -> None:
        rows = agency.done_here("keys", "list", "-o", "json").rows
        (old,) = [row["key"] for row in rows if row["use"] == "kem"]
        agency.done_here("keys", "rotate", "--kem")
        agency.done_here("keys", "revoke", old, "--reason", "lost", "--yes")

    def recall(self, originator: Agency, holder: Agency, packet: str) -> None:
        """Recalls a packet, and waits until its holder has erased it."""
        originator.done_here("packet", "recall", packet, "--reason", "mistake", *ACT)

        def erased() -> bool:
            holder.done_here("node", "sync")
            rows = originator.done_here("packet", "recalls", "-o", "json").rows
            return [row["state"] for row in rows if row["packet"] == packet] == ["erased"]

        self.until(erased, "the recall was obeyed")


@contextmanager
def opened(folder: Path) -> Iterator[Story]:
    federation = copied(folder)
    federation.operator = BriskOperator(federation.operator.home, federation.operator.address)
    jp = Agency(folder / JP, JP_DOMAIN)
    jp.variables["TEARLINE_EXCHANGE"] = federation.operator.address
    jp.secret.touch(mode=0o600)
    jp.secret.write_text(PASSPHRASE + "\n")
    with ExitStack() as stack:
        stack.enter_context(at_work(federation.operator))
        full = [agency.start("node", "run") for agency in federation.agencies.values()]
        for node in full:
            stack.callback(node.terminate)
        federation.agencies[JP] = jp
        yield Story(federation, full[0])


def join(story: Story) -> None:
    """The council admits Japan, whose keys come on record."""
    us, mx, jp = story.federation.us, story.federation.mx, story.jp
    id_ = us.done_here("federation", "show").err.split()[1]
    named = ("--agency", JP, "--domain", JP_DOMAIN, "--node", "liaison", "--light")
    jp.done_here("init", *named, "--federation", id_)
    us.done_here("federation", "invite", str(jp.home / f"{JP}.agency"), "--yes")
    mx.done_here("federation", "vote", JP, "--yes")
    pinned = str(us.home / "federation.trust")
    jp.done_here("federation", "join", pinned, "--federation", id_)

    def has_keys() -> bool:
        jp.here("node", "sync")  # refused while the counted cosigners have signed no directory
        return {"key (sign)", "key (kem)"} <= {what for what, _ in jp.status()}

    story.until(has_keys, "its keys were on record")
    assert "light" in jp.status().values()
    assert "light" not in us.status().values()


def exhibit_of(story: Story, packet: str) -> Path:
    """An exhibit that the light node makes, once a directory covers its packet."""
    target = story.federation.folder / "lead.exhibit"
    named = ("Person/name", "--receipts", f"--output-file={target}")
    story.until(
        lambda: story.jp.here("packet", "exhibit", packet, *named, "--as", OFFICER).status == 0,
        "a cosigned directory covered the packet",
    )
    return target


def verifies_alone(exhibit: Path, folder: Path) -> None:
    """A reader without home and network verifies it by a member's policy, and not without."""
    policy = exhibit.with_name("counted.policy")

    def judged(*arguments: object) -> tuple[int, str]:
        command = [sys.executable, "-m", "tearline_client", "--home", "/nonexistent"]
        command += ["audit", "verify", str(exhibit), *map(str, arguments)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return ran.returncode, ran.stdout

    verified, told = judged("--policy", policy)
    assert verified == 0, told
    assert f"Signed by spiffe://{JP_DOMAIN}" in told
    assert "the policy that the reader named" in told
    assert judged()[0] == EXIT_NOT_FOUND
    alone = [sys.executable, "-I", str(program("spec/verify-exhibit.md", folder))]
    ran = subprocess.run(
        [*alone, str(exhibit), str(policy)], capture_output=True, text=True, timeout=60
    )
    assert ran.stdout.startswith(f"verified: signed by spiffe://{JP_DOMAIN}"), ran


def test_a_light_node_exchanges_as_a_full_one_does(tmp_path: Path) -> None:
    with opened(tmp_path) as story:
        us, mx, jp = story.federation.us, story.federation.mx, story.jp
        join(story)
        jp.done_here("federation", "follow", *(f"spiffe://{each.domain}" for each in (us, mx)))
        story.federation.agree("with-japan", WITH_JAPAN, (US, MX, JP))
        for agency in (us, jp):
            story.login(agency)
        there, back = story.mail(us, jp), story.mail(jp, us)
        story.request(us, jp)
        story.request(jp, us)

        # A full node proves both packets; the light one verifies that by itself.
        proofs = [tmp_path / name for name in ("there", "back")]
        for packet, folder in zip((there, back), proofs, strict=True):
            us.done_here("audit", "prove", packet, "--output-dir", str(folder))
            judged = jp.done_here("audit", "verify", str(folder), "-o", "json").rows
            assert {row["outcome"] for row in judged} == {"verified"}

        exhibit = exhibit_of(story, back)
        policy = exhibit.with_name("counted.policy")
        mx.done_here("audit", "policy", "--counted", f"--output-file={policy}")
        verifies_alone(exhibit, tmp_path)

        story.replace_encryption_key(us)
        story.mail(jp, us)
        story.replace_encryption_key(jp)
        story.mail(us, jp)
        story.recall(us, jp, there)
        story.recall(jp, us, back)
        for agency in (us, jp):
            assert not {which for what, which in agency.status() if what == "put aside"}
    verified = story.federation.operator.done("verify-log").out
    assert verified.endswith("entries: all as they were logged\n")
