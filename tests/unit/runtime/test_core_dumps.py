"""No program of ours leaves an image of its memory, which holds keys and contents."""

import os
import subprocess
import sys

import pytest

COMMANDS = {
    "tearline": "tearline_client.cli",
    "tearline-server": "tearline_server.cli",
}
PROGRAM = """
import atexit, importlib, resource, sys
atexit.register(lambda: print(
    resource.getrlimit(resource.RLIMIT_CORE)[0], open("/proc/self/coredump_filter").read()))
sys.argv = [sys.argv[1], "--help"]
importlib.import_module({module!r}).main()
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/coredump_filter"), reason="this is no Linux")
@pytest.mark.parametrize("module", COMMANDS.values(), ids=COMMANDS)
def test_a_program_keeps_its_memory_out_of_core_dumps(module: str) -> None:
    shell = ["sh", "-c", 'ulimit -c unlimited; exec "$0" -c "$1" program', sys.executable]
    program = PROGRAM.format(module=module)
    done = subprocess.run([*shell, program], capture_output=True, text=True, check=True)
    limit, kept = done.stdout.split()[-2:]
    assert (int(limit), int(kept, 16)) == (0, 0)
