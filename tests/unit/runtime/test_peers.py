"""Names of other machines, and the words for a connection that failed."""

import asyncio
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from support.cases import each_case
from tearline_runtime.peer_calls import call_peer
from tearline_runtime.peers import EndlessAnswerError, bounded, connection_fault, is_host


@each_case("text", ["", ".", "a..b", ".a", "a.example..", "x" * 64, "a\n", "a\0"])
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


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    own, peer = socket.socketpair()
    with own, peer:
        yield own, peer


def test_an_answer_is_bounded_in_size_however_it_is_divided(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    own, peer = pair

    def flood() -> None:
        with suppress(OSError):
            while True:
                peer.sendall(b"250-more\r\n")

    talking = threading.Thread(target=flood, daemon=True)
    talking.start()
    with bounded(socket.socket, 60, 5000)(fileno=own.detach()) as connection:
        connection.settimeout(20)
        with connection.makefile("rb") as file, pytest.raises(EndlessAnswerError):
            list(file)
    talking.join(20)


def test_an_answer_is_bounded_in_time_however_it_is_divided(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    own, peer = pair
    with bounded(socket.socket, 0.3, 5000)(fileno=own.detach()) as connection:
        connection.settimeout(20)
        peer.sendall(b"a")
        assert connection.recv_into(bytearray(1)) == 1
        with pytest.raises(TimeoutError):  # long before the twenty seconds of a step
            connection.recv_into(bytearray(1))
        peer.sendall(b"b")
        with pytest.raises(EndlessAnswerError) as raised:
            connection.recv_into(bytearray(1))
    assert connection_fault(raised.value) == "its answer does not end"


async def test_calls_of_peers_that_hang_leave_the_threads_of_the_loop_free() -> None:
    end = threading.Event()
    calls = [asyncio.create_task(call_peer(end.wait, 60)) for _ in range(64)]
    try:
        assert await asyncio.wait_for(asyncio.to_thread(lambda: 7), 20) == 7
    finally:
        end.set()
    assert await asyncio.gather(*calls) == [True] * 64
