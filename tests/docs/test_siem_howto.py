"""The page on the audit in a SIEM: the commands of an auditor, and rsyslog by its example."""

import json
import re
import shlex
from pathlib import Path

import pytest

from support.cli import AUDITOR, Desk, desk, quick, rested
from support.docs_pages import blocks
from support.paths import ROOT
from support.syslog_receivers import certified, has_rsyslog, rsyslog_by
from tearline_client.siem import Message
from tearline_client.siem.syslog import precise_time, syslog_sink

__all__ = ["desk", "quick", "rested"]

PAGE = (ROOT / "docs" / "howto" / "siem.md").read_text("utf-8")


def test_every_command_of_the_page_works(desk: Desk) -> None:
    commands = "".join(blocks("howto/siem.md")).replace("--as ada", f"--as {AUDITOR}")
    lines = [line.partition(" > ")[0] for line in commands.splitlines()]
    assert len(lines) == 2
    for line in lines:
        done = desk.run(*shlex.split(line)[1:])
        assert done.exit_code == 0, done.output
        for each in done.stdout.splitlines():
            assert json.loads(each)["metadata"]["product"]["name"] == "Tearline"


@pytest.mark.skipif(not has_rsyslog(), reason="rsyslog and rsyslog-openssl are not installed")
@pytest.mark.parametrize("asks", [False, True])
def test_rsyslog_by_the_example_writes_the_events_alone(tmp_path: Path, asks: bool) -> None:
    certificate, key = certified(tmp_path)
    (config,) = re.findall(r"^```text\n(global.*?)^```$", PAGE, re.M | re.S)
    for written, path in (("ca.pem", certificate), ("siem.pem", certificate), ("siem.key", key)):
        assert config.count(f"/etc/rsyslog/{written}") == 1
        config = config.replace(f"/etc/rsyslog/{written}", str(path))
    config = config.replace('"6514"', '"PORT"').replace("/var/log/tearline.jsonl", "OUTPUT")
    if asks:
        (mode,) = re.findall(r'`(StreamDriver.AuthMode="x509/name" PermittedPeer=.*?)`', PAGE)
        mode = mode.replace("node.agency.example", "localhost")
        assert config.count('StreamDriver.AuthMode="anon"') == 1
        config = config.replace('StreamDriver.AuthMode="anon"', mode)
    # The rule of Debian for all messages of the machine.
    (tmp_path / "syslog").touch()
    config += f'*.* action(type="omfile" file="{tmp_path / "syslog"}")\n'
    event = Message(
        time=precise_time(1_800_000_000_007), code="access-open", is_warning=False, text='{"a": 1}'
    )
    with rsyslog_by(config) as stopped:
        node, address = "spiffe://fiscalia.mx.example/node/liaison", f"localhost:{stopped.port}"
        known = syslog_sink(address, node, ca=certificate, certificate=certificate, key=key)
        assert known.send([event]) == ""
        if asks:
            fault = syslog_sink(address, node, ca=certificate).send([event])
            assert fault.endswith(("alert certificate required)", "Connection reset by peer)"))
    assert stopped.messages == [b'{"a": 1}']
    assert stopped.mode == 0o640
    assert b"access-open" not in (tmp_path / "syslog").read_bytes()
