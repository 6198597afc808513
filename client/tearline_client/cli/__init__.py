"""The command line of an agency: ``tearline NOUN VERB``.

Data goes to standard output and messages to standard error, so that what one command prints
another can read.
"""

from tearline_client.cli.groups import LazyGroup, run

# Noun -> its module, and what it is for. A noun is listed once its module exists.
NOUNS = {
    "init": ("tearline_client.cli.init", "Make an agency and its first node."),
    "trust": ("tearline_client.cli.trust", "Who belongs to the federation."),
    "person": ("tearline_client.cli.person", "Who may act for the agency."),
    "login": ("tearline_client.cli.login", "A person says who they are."),
    "agreement": ("tearline_client.cli.agreement", "What is shared, with whom, in which form."),
    "policy": ("tearline_client.cli.policy", "Who would get what, and why."),
    "packet": ("tearline_client.cli.packet", "What is sent, who sees what, what came."),
    "request": ("tearline_client.cli.request", "Records asked of partners and of us."),
    "consent": ("tearline_client.cli.consent", "What may be done beyond what was given."),
    "transfer": ("tearline_client.cli.transfer", "Which legs are two sides of one transfer."),
    "case": ("tearline_client.cli.case", "Joint cases: who is in them, what is filed."),
    "import": ("tearline_client.cli.import_", "Send whole sources, as packets."),
    "export": ("tearline_client.cli.export", "What is open here, for other programs."),
    "audit": ("tearline_client.cli.audit", "Who saw what, and proofs of it."),
    "log": ("tearline_client.cli.log", "The log as each agency sees it."),
    "keys": ("tearline_client.cli.keys", "The node's keys, and how each ends."),
    "node": ("tearline_client.cli.node", "The node at work, and how it stands."),
    "demo": ("tearline_client.cli.demo", "The story, told by real processes here."),
    "bench": ("tearline_client.cli.bench", "How fast the exchange takes what is sent."),
    "config": ("tearline_client.cli.config", "Settings, and where each comes from."),
    "completion": ("tearline_client.cli.completion", "Completion for bash, zsh and fish."),
    "version": ("tearline_client.cli.version", "The version of this program."),
}

command = LazyGroup(
    NOUNS,
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
    """Runs ``tearline`` and exits."""
    run(command)
