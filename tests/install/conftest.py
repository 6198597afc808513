"""Installations as the page tells them, which ``make install-test`` makes and runs."""

import os

collect_ignore = [] if os.environ.get("TEARLINE_INSTALL") == "1" else ["test_machines.py"]
