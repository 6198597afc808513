"""The page on installing, followed on a bare Debian: by pipx and uv, under systemd, in a container.

mmdebstrap makes the Debian once. It has no network: all comes from the folder of wheels.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.paths import ROOT

PAGE = (ROOT / "docs" / "howto" / "install.md").read_text(encoding="utf-8")
PACKAGES = "systemd,systemd-sysv,dbus,python3,python3-venv,pipx"
MIRROR = "http://deb.debian.org/debian"
HOME = {"HOME": "/root", "PATH": "/root/.local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
UNITS = ("tearline-server", "tearline-node")
UP_S = 120
WORK = "srv/work"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Beside what the page tells the operators: the second agency, and the files that go around.
PASSPHRASE = "secret() { echo 'a passphrase of tests'; }"
SECOND_AGENCY = """
echo '127.0.0.1 exchange.example' >> /etc/hosts
mkdir -m 0700 mx && (umask 077; secret > mx/passphrase)
mx() { /opt/tearline/bin/tearline --home mx/home --passphrase-file mx/passphrase "$@"; }
mx init --agency mx-prosecutor --domain fiscalia.mx.example --node liaison
mx federation found --name tests --exchange /var/lib/tearline-exchange/exchange.enrolment \
    --agency /var/lib/tearline-node/us-justice.agency --agency mx/home/mx-prosecutor.agency \
    --output-file federation.trust
install -m 0644 -o tearline-node federation.trust /tmp/
node federation sign /tmp/federation.trust
cp /tmp/federation.trust .
"""


def blocks(heading: str) -> list[str]:
    """What a section of the page has its reader type, block by block; "" for the first one."""
    start = PAGE.index(f"\n## {heading}\n") if heading else 0
    end = PAGE.find("\n## ", start + 1)
    return _BLOCK.findall(PAGE[start : end if end > 0 else None])


def tool(name: str) -> str:
    """The path of a program; skips the test where it is not installed."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"this machine has no {name}")
    return found


def done(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Runs a command, which must succeed; what it printed."""
    ran = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


@pytest.fixture(scope="session")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bare Debian."""
    if os.geteuid():
        pytest.skip("only root can make a Debian in a folder")
    root = tmp_path_factory.mktemp("debian") / "root"
    done(tool("mmdebstrap"), "--variant=minbase", f"--include={PACKAGES}", "trixie", root, MIRROR)
    return root


@pytest.fixture(scope="session")
def work(debian: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the page has its reader bring along: wheels and units."""
    folder = tmp_path_factory.mktemp("work")
    done(sys.executable, "-m", "hatchling", "build", "-d", folder / "dist", cwd=ROOT)
    make, download, copy = blocks("")[0].splitlines()
    assert make == "make package"
    version = done("chroot", debian, "python3", "-c", "import sys; print(*sys.version_info[:2])")
    machine = os.uname().machine
    target = [
        "--only-binary=:all:",
        f"--python-version={version.strip().replace(' ', '.')}",
        *(f"--platform=manylinux_{glibc}_{machine}" for glibc in ("2_17", "2_28", "2_34")),
    ]
    pip = shlex.join([sys.executable, "-m", "pip"])
    lines = f"{download.replace('pip', pip, 1)} {shlex.join(target)}\n{copy}"
    done("bash", "-euc", lines, cwd=folder)
    tools = ("uv", "hatchling==1.33.0")  # the second for the image, which is built from source
    done(sys.executable, "-m", "pip", "download", *target, "-d", "wheels", *tools, cwd=folder)
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    return folder


@pytest.fixture
def copied(debian: Path, work: Path, tmp_path: Path) -> Path:
    """A Debian of its own for one test, with the folder."""
    root = tmp_path / "root"
    done("cp", "-a", debian, root)
    shutil.copytree(work, root / WORK)
    return root


def in_folder(root: Path, commands: str) -> str:
    """Runs commands as root in a Debian, without a network."""
    mounted = (
        f"mount -t proc proc {root}/proc && mount --rbind /dev {root}/dev && "
        f'exec chroot {root} bash -euo pipefail -c "cd /{WORK}; $COMMANDS"'
    )
    unshare = (tool("unshare"), "--net", "--mount", "--fork", "--pid", "--kill-child")
    return done(*unshare, "bash", "-euc", mounted, env=HOME | {"COMMANDS": commands})


@pytest.mark.parametrize("number", [0, 1], ids=["pipx", "uv"])
def test_a_person_installs_the_command_line(copied: Path, number: int) -> None:
    commands = blocks("For one person")[number]
    if "uv tool" in commands:
        in_folder(
            copied, "python3 -m venv /opt/uv && /opt/uv/bin/pip install --no-index -f wheels uv"
        )
        commands = f"PATH=$PATH:/opt/uv/bin\n{commands}"
    assert "0.1.0" in in_folder(copied, commands).splitlines()[-1]


@dataclass(frozen=True)
class Guest:
    """A Debian that systemd has booted.

    Attributes:
        leader: The process id of its systemd, as this machine counts.
    """

    leader: int

    def run(self, commands: str) -> str:
        """Runs commands in it as root; what they printed."""
        enter = (tool("nsenter"), f"--target={self.leader}", "-m", "-u", "-i", "-n", "-p", "-C")
        return done(*enter, "bash", "-euo", "pipefail", "-c", f"cd /{WORK}; {commands}", env=HOME)

    def wait(self, commands: str) -> None:
        """Waits until commands succeed: nothing tells a machine outside of it."""
        self.run(f"timeout {UP_S} bash -c 'until {commands}; do sleep 0.2; done'")


def boot(root: Path) -> subprocess.Popen[bytes]:
    # A systemd of today wants the unified hierarchy, wherever this machine has the old one.
    commands = (
        "mount --make-rprivate / && (umount -R /sys/fs/cgroup || true) && "
        "mount -t cgroup2 cgroup2 /sys/fs/cgroup && "
        f"exec {tool('systemd-nspawn')} --boot --register=no --keep-unit --private-network "
        f"--console=pipe --directory={root}"
    )
    unshare = (tool("unshare"), "--mount")
    return subprocess.Popen([*unshare, "bash", "-euc", commands], stdout=subprocess.DEVNULL)


def systemd_of(machine: "subprocess.Popen[bytes]") -> int:
    """The process id of the systemd that a machine runs; 0 before it does."""
    children = Path(f"/proc/{machine.pid}/task/{machine.pid}/children").read_text().split()
    systems = [pid for pid in children if Path(f"/proc/{pid}/comm").read_text() == "systemd\n"]
    return int(systems[0]) if systems else 0


@pytest.fixture
def guest(copied: Path) -> Iterator[Guest]:
    machine = boot(copied)
    deadline = time.monotonic() + UP_S
    try:
        while not (leader := systemd_of(machine)):
            assert machine.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        guest = Guest(leader)
        guest.wait('systemctl is-system-running --wait | grep -Eq "running|degraded"')
        yield guest
        os.kill(guest.leader, signal.SIGRTMIN + 3)
        machine.wait(UP_S)
    finally:
        machine.kill()
        machine.wait()


def test_both_units_run_under_a_real_systemd(guest: Guest) -> None:
    steps = [
        PASSPHRASE,
        *(
            block.replace("install -m 0400", "secret | install -m 0400")
            for part in ("An exchange under systemd", "A node under systemd")
            for block in blocks(part)[:2]
        ),
        SECOND_AGENCY,
        blocks("An exchange under systemd")[2],
        blocks("A node under systemd")[2],
    ]
    guest.run("\n".join(steps))
    guest.wait('journalctl -u tearline-node -o cat | grep -q "In touch with the exchange"')

    guest.run(f"systemctl reload {' '.join(UNITS)}")
    guest.wait('journalctl -u tearline-server -o cat | grep -q "certificate renewed"')

    guest.run("systemctl kill --signal=KILL tearline-server")
    guest.wait("systemctl show -p NRestarts --value tearline-server | grep -qx 1")
    guest.wait("systemctl is-active --quiet tearline-server")

    guest.run(f"systemctl stop {' '.join(UNITS)}")
    for unit in UNITS:
        assert guest.run(f"systemctl show -p Result --value {unit}").strip() == "success"
        rating = guest.run(f"systemd-analyze security --no-pager {unit}.service")
        assert "Overall exposure level" in rating
        assert float(rating.split(".service:")[1].split()[0]) <= 1.1


@pytest.fixture
def containers(debian: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a podman of its own, with the Debian as an image."""
    # crun, podman's own choice, wants the unified hierarchy, wherever this machine has the old one.
    podman, runc = tool("podman"), tool("runc")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "podman").write_text(
        f"#!/bin/sh\nexec {podman} --root {tmp_path}/graph --runroot {tmp_path}/run "
        f"--storage-driver overlay --runtime {runc} --cgroup-manager cgroupfs "
        '--events-backend file "$@"\n'
    )
    (programs / "podman").chmod(0o755)
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}:/usr/sbin:/sbin"}
    done("bash", "-c", f"tar -C {debian} -c . | podman import - localhost/base", env=environment)
    yield environment
    done(programs / "podman", "rm", "--all", "--force", env=environment)


def test_the_image_is_built_and_serves(
    containers: dict[str, str], work: Path, tmp_path: Path
) -> None:
    build, serve = blocks("A container")
    limits = " ".join(
        f"--ulimit {name}={done('bash', '-c', f'ulimit -{letter}').strip()}"
        for name, letter in (("nofile", "n"), ("nproc", "u"))
    )
    offline = f"--volume {work}/wheels:/wheels:ro --env PIP_NO_INDEX=1 --env PIP_FIND_LINKS=/wheels"
    extra = f"{limits} {offline} --build-arg BASE=localhost/base"
    tearline = f"{sys.executable} -m tearline_client"
    agency = f"{tearline} --home mx --passphrase-file passphrase"
    steps = [
        f"cp -r {ROOT}/{{pyproject.toml,README.md,LICENSE,proto,server,client,deploy}} .",
        "(umask 077; echo 'a passphrase of tests' > passphrase)",
        build.replace("podman build", f"podman build {extra}").replace(
            "podman run", f"podman run {limits} --network=none"
        ),
        f"{agency} init --agency mx-prosecutor --domain fiscalia.mx.example --node liaison",
        f"{agency} federation found --name tests --exchange exchange.enrolment "
        "--agency mx/mx-prosecutor.agency --output-file federation.trust",
        "chmod 0644 federation.trust",
        serve.replace("--publish 8443:8443", ""),
        f"timeout {UP_S} bash -c 'until podman logs exchange 2>&1 | grep -q serving; "
        "do sleep 0.2; done'",
        "podman stop exchange",
    ]
    folder = tmp_path / "checkout"
    folder.mkdir()
    done("bash", "-euo", "pipefail", "-c", "\n".join(steps), cwd=folder, env=containers)
