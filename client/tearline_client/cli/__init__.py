"""The command line of an agency: ``tearline NOUN VERB``.

Prints data on standard output and messages on standard error, so that commands can be piped.
"""

import os
import sys

from tearline_client.cli.groups import LazyGroup, run
from tearline_runtime.core_dumps import forbid_core_dumps

# Noun -> its module and its line of help. A noun is listed once its module exists.
NOUNS = {
    "todo": ("tearline_client.cli.todo", "List the tasks that wait for you."),
    "inbox": ("tearline_client.cli.inbox", "List the packets of partners."),
    "init": ("tearline_client.cli.init", "Create an agency and its first node."),
    "federation": ("tearline_client.cli.federation", "Found, join and change the federation."),
    "person": ("tearline_client.cli.person", "Manage the agency's persons and roles."),
    "login": ("tearline_client.cli.login", "Log a person in."),
    "agreement": ("tearline_client.cli.agreement", "Draft, sign, amend and suspend agreements."),
    "policy": ("tearline_client.cli.policy", "Explain, compare and adopt policies."),
    "packet": ("tearline_client.cli.packet", "Preview, send, read and recall packets."),
    "request": ("tearline_client.cli.request", "Ask partners for records; answer requests."),
    "consent": ("tearline_client.cli.consent", "Ask for, give and refuse onward use."),
    "transfer": ("tearline_client.cli.transfer", "Match the two sides of a transfer."),
    "case": ("tearline_client.cli.case", "Open, join, show and close joint cases."),
    "import": ("tearline_client.cli.import_", "Send whole sources as packets."),
    "export": ("tearline_client.cli.export", "Export readable fields for other programs."),
    "audit": ("tearline_client.cli.audit", "Search, prove and verify the audit log."),
    "log": ("tearline_client.cli.log", "Compare views of the log; erase entries."),
    "keys": ("tearline_client.cli.keys", "List, rotate and revoke the node's keys."),
    "node": ("tearline_client.cli.node", "Run, inspect and back up the node."),
    "status": ("tearline_client.cli.status", "Check the running node."),
    "console": ("tearline_client.cli.console", "Run the node with its pages for browsers."),
    "taxii": ("tearline_client.cli.taxii", "Serve and read collections over TAXII."),
    "demo": ("tearline_client.cli.demo", "Run the demonstration on this machine."),
    "bench": ("tearline_client.cli.bench", "Measure the exchange's throughput."),
    "config": ("tearline_client.cli.config", "Show settings and their origins."),
    "completion": ("tearline_client.cli.completion", "Print completion for bash, zsh and fish."),
    "version": ("tearline_client.cli.version", "Print the version of this program."),
}

# Heading -> its nouns, and an example of one of them.
SECTIONS = {
    "Officers: packets and partners": (
        *("todo", "inbox", "packet", "request", "case", "consent", "transfer", "import", "export"),
        'tearline packet search "Qiu Wenhao"',
    ),
    "Officers: terms": ("agreement", "policy", "tearline agreement show narcotics-2026"),
    "Auditors": ("audit", "log", "tearline --as ada audit who-saw 1847250"),
    "Operators: agency and node": (
        *("init", "federation", "person", "keys", "status", "node", "console", "taxii", "config"),
        "tearline status",
    ),
    "Everyone": ("login", "demo", "bench", "completion", "version", "tearline login ana"),
}

command = LazyGroup(
    NOUNS,
    sections=SECTIONS,
    name="tearline",
    help=(
        "Exchange signed, end-to-end encrypted intelligence packets with partner agencies, "
        "field by field."
    ),
    epilog=(
        "The options above may also follow a command. Exit status: 0 done, 1 local fault, "
        "2 usage, 3 exchange not reached, 4 refused, 5 signature or integrity, 6 not found, "
        "7 pending."
    ),
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Runs ``tearline``, or completes its command line for a shell, and exits."""
    forbid_core_dumps()
    if instruction := os.environ.get("_TEARLINE_COMPLETE"):
        from tearline_client.cli.candidates import complete

        sys.exit(complete(instruction))
    run(command)
