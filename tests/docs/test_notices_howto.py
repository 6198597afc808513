"""The page on notices, followed to the letter: its files, the receiver and the mail."""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.docs_pages import blocks, program
from support.federation import free_port
from support.paths import ROOT
from tearline_client.notifications.channels import read_channels
from tearline_client.notifications.mail import MailChannel
from tearline_client.notifications.webhook import SIGNATURE, WebhookChannel, signature_of

PAGE = (ROOT / "docs" / "howto" / "notices.md").read_text("utf-8")
BODY = b'{"new": 3, "notice": 41}'
_WAIT_S = 30


def stub(folder: Path, name: str, script: str) -> None:
    """Writes a program that stands for one of the machine."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o700)


def run(folder: Path, commands: str, told: str = "") -> None:
    """Runs commands in a folder, with the programs of ``stub`` before others."""
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-eu", "-c", commands],
        cwd=folder,
        env={**os.environ, "PATH": path},
        input=told,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the secrets of the page and its file of notices."""
    secrets, *_ = blocks("howto/notices.md")
    run(tmp_path, secrets, "known to the mail server\n")
    (notices,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.M | re.S)
    (tmp_path / "notices.toml").write_text(notices, encoding="utf-8")
    return tmp_path


def test_the_file_and_its_secrets_are_read(folder: Path) -> None:
    mail, hook = read_channels(folder / "notices.toml")
    assert isinstance(mail, MailChannel)
    assert (mail.server.passphrase, mail.language) == ("known to the mail server", "zh")
    assert isinstance(hook, WebhookChannel)
    assert hook.secret.decode() == (folder / "webhook.key").read_text().strip()


@pytest.fixture
def receiver(folder: Path) -> Iterator[int]:
    """The receiver of the page; its port."""
    port, path = free_port(), program("howto/notices.md", folder)
    path.write_text(path.read_text("utf-8").replace("8000", str(port)), encoding="utf-8")
    with (folder / "printed").open("wb") as printed:
        process = subprocess.Popen([sys.executable, path], cwd=folder, stdout=printed)
        try:
            end = time.monotonic() + _WAIT_S
            while not answered(port, ""):
                assert time.monotonic() < end, "the receiver did not start"
                time.sleep(0.05)
            yield port
        finally:
            process.kill()
            process.wait(20)


def answered(port: int, signature: str, body: bytes = BODY) -> int:
    """Returns the status of the receiver's answer; 0 if it does not listen."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", "/tearline", body, {SIGNATURE: signature})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def test_the_receiver_takes_a_digest_of_the_node_and_no_other(folder: Path, receiver: int) -> None:
    _, hook = read_channels(folder / "notices.toml")
    assert isinstance(hook, WebhookChannel)
    now_s = int(time.time())

    def signed(at_s: int, body: bytes = BODY) -> str:
        return f"t={at_s},v1={signature_of(hook.secret, at_s, body)}"

    assert answered(receiver, signed(now_s)) == 204
    assert answered(receiver, signed(now_s), BODY.replace(b"3", b"4")) == 403
    assert answered(receiver, signed(now_s - 3600)) == 403
    assert answered(receiver, signed(now_s).replace(f"t={now_s}", f"t={now_s + 1}")) == 403
    assert answered(receiver, "t=1,v1=0") == 403
    assert (folder / "printed").read_text().splitlines() == ["New notices: 3"]


def test_the_command_that_mails_gets_the_notice(folder: Path) -> None:
    stub(folder, "mail", 'echo "$*" > subject; cat > text')
    (script,) = (each for each in blocks("howto/notices.md") if each.startswith("#!"))
    notice = json.dumps({"event": "request-arrived", "notice": 12})
    run(folder, script, f"{notice}\n")
    assert (folder / "text").read_text() == f"{notice}\n"
    assert (folder / "subject").read_text() == (
        "-s A request arrived liaison-desk@justice.example\n"
    )
