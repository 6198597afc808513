"""``python -m tearline_client``: the same as ``tearline``."""

from tearline_client.cli import main

main()
