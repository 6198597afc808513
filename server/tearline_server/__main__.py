"""``python -m tearline_server``."""

from tearline_server.cli import main

main()
