"""``tearline console`` as a process: it serves its pages on loopback, and ends when told to."""

import http.client
import json
import re
from contextlib import closing
from pathlib import Path

import pytest

from support.federation import Running, copied, free_port

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/client/console/test_server.py::test_on_loopback_it_needs_no_certificate"
    ),
]


def asked(port: int, path: str) -> tuple[int, dict[str, str], str]:
    """The status, the headers and the text of a page."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path, headers={"Host": f"localhost:{port}"})
        reply = connection.getresponse()
        return reply.status, dict(reply.headers), reply.read().decode()


def test_it_serves_the_sign_in_and_works_as_a_node_until_it_is_told_to_end(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    exchange = federation.operator.serve()
    cn, port, metrics = federation.cn, free_port(), free_port()
    cn.variables |= {
        "TEARLINE_CONSOLE": f"localhost:{port}",
        "TEARLINE_METRICS": f"127.0.0.1:{metrics}",
    }
    console: Running = cn.start("console", "--json")
    console.await_(lambda: "In touch with the exchange." in console.said, "it said so")
    assert f"Serving the console at http://localhost:{port}/." in console.said

    status, headers, page = asked(port, "/sign-in")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src" in headers["content-security-policy"]
    assert 'name="passphrase"' in page
    parts = set(re.findall(r'"(/static/[^"]+)"', page))
    assert len(parts) >= 4
    assert {asked(port, path)[0] for path in parts} == {200}
    assert asked(port, "/packets")[0] == 303  # to the sign-in

    told = cn.done("status", "-o", "json").rows
    assert {row["check"]: row["health"] for row in told}["exchange"] == "ok"

    # A browser that keeps its connection does not keep the console from ending.
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as idle:
        idle.request("GET", "/sign-in", headers={"Host": f"localhost:{port}"})
        assert idle.getresponse().read()
        assert console.terminate() == 0, console.said
    with pytest.raises(ConnectionRefusedError):
        asked(port, "/sign-in")
    assert all(json.loads(line) for line in console.said.splitlines())
    assert exchange.terminate() == 0
