"""Shows that every step of the demo proves something: without its check, it says false.

    make demo-broken        or, in tests/: python -m attacks.demo_broken [STEP …]

The demo runs once as it is, and must prove every step. Then it runs once for each step with
the function behind that step taken away, in every process of it, and that step must not be
proved. Steps after a broken one may fail with it; the broken one is what counts.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from attacks.mutant import INJECT, VARIABLE, parse_mutant
from attacks.mutants import PARALLEL

TIMEOUT_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A step, and the function whose work makes its claim true."""

    step: str
    function: str
    returns: str = "None"


GUARDS = (
    Guard(
        step="federation",
        function="tearline.verification.trust:TrustState._root_signers",
        returns="frozenset(agency.uri for agency in following.agencies)",
    ),
    Guard(step="agreement", function="tearline.agreements.agreement:verify_parties_signed"),
    Guard(step="preview", function="tearline.policy.masks:generalise"),
    Guard(
        step="send",
        function="tearline.sealing.slots:seal_slots",
        returns="({i: slot_commit(packet_id, i, b'', field, b'')"
        " for i, (_, field) in fields.items()},"
        " {i: field_plaintext(field) for i, (_, field) in fields.items()})",
    ),
    Guard(
        step="views",
        function="tearline.policy.release:ReleasePolicy.decide",
        returns="Decision(form=Form.CLEAR, shared_policy_ids=(), own_policy_ids=(), reason='',"
        " faults=())",
    ),
    Guard(
        step="overstep",
        function="tearline.policy.release:ReleasePolicy.verify",
        returns="self.decide(request)",
    ),
    Guard(step="disclose", function="tearline_client.features.packets.handler:store_packet"),
    Guard(step="receipts", function="tearline_client.features.channels.handler:_store_receipt"),
    Guard(step="audit", function="tearline.tlog.merkle:verify_inclusion"),
    Guard(step="case", function="tearline_client.rules.cases:verify_filing"),
    Guard(step="request", function="tearline_client.features.requests.handler:_store"),
    Guard(step="precursor", function="tearline.bodies.substances:is_cas_number", returns="True"),
    Guard(step="correct", function="tearline.packets.correction:superseded", returns="{}"),
    Guard(step="suspend", function="tearline.suspensions.index:SuspensionIndex.verify_open"),
    Guard(step="recall", function="tearline_client.rules.redaction:forget"),
    Guard(step="tampering", function="tearline_server.tlog.fsck:LogVerifier.findings", returns=""),
)


def run_demo(mutant: str = "") -> dict[str, bool]:
    """Whether each step is proved, by its id; empty if the demo did not get to the end."""
    environment = dict(os.environ)
    if mutant:
        path = environment.get("PYTHONPATH", "")
        environment["PYTHONPATH"] = f"{INJECT}{os.pathsep}{path}"
        environment[VARIABLE] = mutant
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "tearline_client", "demo", "--json"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return {}
    lines = ended.stdout.strip().splitlines()
    try:
        told = json.loads(lines[-1]) if lines else {"steps": []}
    except json.JSONDecodeError:
        return {}
    return {step["id"]: step["proved"] for step in told["steps"]}


def main(words: list[str]) -> int:
    """Breaks the steps named, or all; returns the exit status."""
    guards = [guard for guard in GUARDS if not words or guard.step in words]
    intact = run_demo()
    if not intact or not all(intact.values()):
        print(f"The demo must prove every step before anything is taken away: {intact}")
        return 1
    with ThreadPoolExecutor(PARALLEL) as pool:
        mutants = [str(parse_mutant(f"{guard.function}={guard.returns}")) for guard in guards]
        outcomes = list(pool.map(run_demo, mutants))
    weak = 0
    for guard, outcome in zip(guards, outcomes, strict=True):
        proved = outcome.get(guard.step)
        weak += proved is not False
        said = {
            False: "ok   says false",
            True: "WEAK still says true",
            None: "WEAK never got there",
        }
        print(f"{said[proved]}: {guard.step} without {guard.function}")
    print(f"{len(guards) - weak} of {len(guards)} steps say false once their check is taken away")
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
