"""Tests on Debian's own Patroni, etcd and PostgreSQL, which ``make ha`` installs and runs."""

import os

collect_ignore_glob = [] if os.environ.get("TEARLINE_HA") == "1" else ["test_*.py"]
