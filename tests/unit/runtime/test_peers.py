"""Names of other machines, and the words for a connection that failed."""

import http.client
import socket
import ssl

import pytest

from tearline_runtime.peers import connection_fault, is_host


@pytest.mark.parametrize("text", ["", ".", "a..b", ".a", "a.example..", "x" * 64, "a\n", "a\0"])
def test_a_host_that_cannot_be_looked_up_is_none(text: str) -> None:
    assert not is_host(text)


@pytest.mark.parametrize(
    "text", ["a", "a.example", "a.example.", "192.0.2.1", "2001:db8::5", "ñ.mx"]
)
def test_a_host_is_one(text: str) -> None:
    assert is_host(text)


def test_faults_are_told_in_words() -> None:
    refused, unknown = ConnectionRefusedError(111, "x"), socket.gaierror(-2, "Name not known")
    assert connection_fault(refused) == "Connection refused"
    assert connection_fault(unknown) == "Name not known"
    assert connection_fault(TimeoutError("timed out")) == "no answer in time"
    assert connection_fault(http.client.BadStatusLine("peer's words")) == "BadStatusLine"
    assert connection_fault(ConnectionResetError("peer's words")) == "ConnectionResetError"
    alert = ssl.SSLError(1, "x")
    alert.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    assert connection_fault(alert) == "TLS failed: tlsv13 alert certificate required"
    assert connection_fault(ssl.SSLEOFError(8, "x")) == "TLS failed: ssleoferror"
