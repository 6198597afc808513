"""Syslog over TLS: framed, to the right receiver alone, and confirmed before it counts as sent."""

import itertools
import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cases import each_case
from support.syslog_receivers import (
    Receiver,
    certified,
    dripping,
    has_rsyslog,
    rsyslog,
    unframed,
)
from tearline.errors import ConfigUnreadable, SettingInvalid
from tearline_client.siem import Message, syslog
from tearline_client.siem.syslog import SyslogSink, frame, precise_time, syslog_sink

NODE = "spiffe://fiscalia.mx.example/node/liaison"
_RFC_5424 = re.compile(
    r"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([!-~]{1,255}) ([!-~]{1,48})"
    r" ([!-~]{1,128}) ([!-~]{1,32}) - (.+)"
)


def message(text: str = '{"a":1}', *, is_warning: bool = False) -> Message:
    return Message(
        time=precise_time(1_800_000_000_007), code="access-open", is_warning=is_warning, text=text
    )


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return certified(tmp_path)


@pytest.fixture
def receiver(pair: tuple[Path, Path]) -> Iterator[Receiver]:
    made = Receiver(*pair)
    yield made
    made.close()


def sink_to(port: int, ca: Path) -> SyslogSink:
    return syslog_sink(f"localhost:{port}", NODE, ca=ca)


def test_a_message_is_one_of_rfc_5424_in_a_frame_of_rfc_5425() -> None:
    data = frame(message(), "fiscalia.mx.example")
    (framed,) = unframed(data)
    assert framed == (
        b'<110>1 2027-01-15T08:00:00.007Z fiscalia.mx.example tearline - access-open - {"a":1}'
    )
    assert data == b"%d %s" % (len(framed), framed)
    assert _RFC_5424.fullmatch(framed.decode())
    assert frame(message(is_warning=True), "h").split()[1].startswith(b"<108>1")


def test_messages_arrive_in_order(receiver: Receiver, pair: tuple[Path, Path]) -> None:
    sink = sink_to(receiver.port, pair[0])
    assert sink.send(message(f'{{"a":{number}}}') for number in range(300)) == ""
    assert sink.send([message('{"a":300}')]) == ""
    assert [len(batch) for batch in receiver.batches] == [300, 1]
    texts = [each.rpartition(b" ")[2] for batch in receiver.batches for each in batch]
    assert texts == [b'{"a":%d}' % number for number in range(301)]


def test_a_receiver_with_another_certificate_gets_no_message(
    receiver: Receiver, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other, _ = certified(tmp_path / "other")
    fault = sink_to(receiver.port, other).send([message()])
    assert "its certificate is not valid: self-signed certificate" in fault
    assert receiver.batches == []


def test_a_receiver_of_another_name_gets_no_message(tmp_path: Path) -> None:
    certificate, key = certified(tmp_path, "other.example")
    made = Receiver(certificate, key)
    try:
        fault = sink_to(made.port, certificate).send([message()])
    finally:
        made.close()
    assert "its certificate is not valid: Hostname mismatch" in fault
    assert made.batches == []


def test_a_batch_without_closure_alert_counts_as_not_sent(
    receiver: Receiver, pair: tuple[Path, Path]
) -> None:
    receiver.loses = 1
    sink = sink_to(receiver.port, pair[0])
    assert sink.send([message()]) == (
        "the syslog receiver did not confirm the messages by a TLS closure alert"
    )
    assert sink.send([message()]) == ""
    assert len(receiver.batches) == 2  # at least once


def test_a_receiver_that_is_away_is_a_fault(pair: tuple[Path, Path]) -> None:
    gone = Receiver(*pair)
    gone.close()
    fault = sink_to(gone.port, pair[0]).send([message()])
    assert fault == "the syslog receiver did not take the messages (Connection refused)"


def test_a_receiver_may_ask_for_the_node_s_certificate(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    client, key = certified(tmp_path, "node.example")
    made = Receiver(*pair, client=client)
    address = f"localhost:{made.port}"
    try:
        known = syslog_sink(address, NODE, ca=pair[0], certificate=client, key=key)
        assert known.send([message()]) == ""
        fault = sink_to(made.port, pair[0]).send([message()])
        assert fault.endswith(("alert certificate required)", "Connection reset by peer)"))
    finally:
        made.close()
    assert [len(batch) for batch in made.batches if batch] == [1]


def test_tls_below_1_2_is_not_spoken(pair: tuple[Path, Path]) -> None:
    trusted = sink_to(6514, pair[0]).trusted
    assert trusted.minimum_version is ssl.TLSVersion.TLSv1_2
    assert trusted.verify_mode is ssl.CERT_REQUIRED
    assert trusted.check_hostname


@each_case(
    "address",
    [
        ":6514",
        "siem.example:",
        "siem.example:0",
        "a:99999",
        "a:x",
        "siem..example",
        ".a:1",
        "a" * 64,
        "::1",
        "::1:6514",
        "[::1",
        "[::1]6514",
        "[::1]:",
        "[::1]:0",
        "[fe80::1%eth0]:6514",
        "[127.0.0.1]:6514",
        "[siem.example]:6514",
    ],
)
def test_an_odd_address_is_refused(address: str) -> None:
    with pytest.raises(SettingInvalid, match="expected host:port"):
        syslog_sink(address, NODE)


def test_an_ipv6_address_stands_in_brackets(pair: tuple[Path, Path]) -> None:
    assert syslog_sink("[2001:DB8::0:1]", NODE).host == "2001:db8::1"
    same = (syslog_sink(f"[{each}]:601", NODE).id for each in ("2001:db8::1", "2001:DB8:0::1"))
    assert len({*same}) == 1
    try:
        made = Receiver(*pair, host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    try:
        assert syslog_sink(f"[::1]:{made.port}", NODE, ca=pair[0]).send([message()]) == ""
    finally:
        made.close()
    assert len(made.batches) == 1


def test_a_receiver_that_drips_bytes_ends_with_the_deadline(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = itertools.count(step=20)  # each look at the clock is 20 s after the last
    monkeypatch.setattr(syslog, "monotonic", lambda: next(seconds))
    monkeypatch.setattr(syslog, "_PIECE_BYTES", 1)
    with dripping() as port:
        fault = sink_to(port, pair[0]).send([message()])
    assert fault == "the syslog receiver did not take the messages (no answer in time)"
    assert next(seconds) <= syslog.DEADLINE_S + 40


def test_a_missing_file_is_named_and_a_port_is_optional(tmp_path: Path) -> None:
    assert syslog_sink("siem.example", NODE).port == 6514
    with pytest.raises(ConfigUnreadable, match=r"syslog_ca: .*/none\.pem: No such file"):
        syslog_sink("siem.example", NODE, ca=tmp_path / "none.pem")
    certificate, _ = certified(tmp_path)
    with pytest.raises(ConfigUnreadable, match=r"and .*/none\.key: No such file"):
        syslog_sink("a", NODE, certificate=certificate, key=tmp_path / "none.key")
    (tmp_path / "other").mkdir()
    _, key = certified(tmp_path / "other")
    with pytest.raises(ConfigUnreadable, match=r"the key belongs to another certificate"):
        syslog_sink("a", NODE, certificate=certificate, key=key)
    with pytest.raises(ConfigUnreadable, match=r"key: not a PEM file"):
        syslog_sink("a", NODE, certificate=key)


@pytest.mark.skipif(not has_rsyslog(), reason="rsyslog and rsyslog-openssl are not installed")
def test_rsyslog_takes_the_messages_and_confirms_them(pair: tuple[Path, Path]) -> None:
    with rsyslog(*pair) as stopped:
        sink = sink_to(stopped.port, pair[0])
        assert sink.send(message(f'{{"a":{number}}}') for number in range(300)) == ""
    assert stopped.messages == [
        frame(message(f'{{"a":{number}}}'), "fiscalia.mx.example").partition(b" ")[2]
        for number in range(300)
    ]
