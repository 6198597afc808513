"""Several processes over one database, and several servers under it: none knows less than all."""

from attacks.attack import Rows

_SEVERAL = "tests/unit/server/test_several.py"
_POSTGRES = "tearline_server.storage.postgres"

_replica = Rows(names="several: ", tests=f"{_SEVERAL}::")

REPLICAS = (
    _replica(
        "hand out at one exchange what was recalled at another",
        "test_what_one_recalled_no_other_hands_out",
        f"{_POSTGRES}.store:PostgresStore.recalls",
        "[]",
        evidence="none: a delivery without it",
    ),
    _replica(
        "show at one exchange an older checkpoint than at another",
        "test_none_shows_an_older_checkpoint_than_another",
        "tearline_server.tlog.log:AuditLog.refresh",
        evidence="none: the newer is shown",
    ),
    _replica(
        "let in at one exchange whom another may have shut out",
        "tests/unit/server/test_replicas.py::test_who_does_not_hear_of_the_others_lets_nobody_in",
        "tearline_server.replicas:ReplicaFollower.verify_heard",
        code="TL-STO-008",
        evidence="the exchange's own log of operation, and its health",
    ),
    _replica(
        "acknowledge what no second server keeps",
        "tests/faults/test_failover.py::test_what_no_standby_has_is_not_acknowledged",
        f"{_POSTGRES}.connections:Database._verify_kept",
        code="TL-STO-010",
        evidence="the exchange's own log of operation, and its health",
    ),
    _replica(
        "serve with high availability from one server alone",
        "tests/unit/server/storage/postgres/test_store.py::test_a_server_that_is_alone_is_not_highly_available",
        f"{_POSTGRES}.replication:verify_synchronous",
        "('0/0', 1)",
        code="TL-STO-010",
        evidence="none: it does not start",
    ),
    _replica(
        "change the tables beneath an exchange that cannot go on with them",
        "tests/unit/server/storage/postgres/test_migrate.py"
        "::test_what_an_old_one_cannot_live_with_waits_for_its_end",
        f"{_POSTGRES}.migrate:_verify_nobody_older",
        code="TL-STO-004",
        evidence="none: the newer does not start",
    ),
    _replica(
        "move an exchange whose file was tampered with",
        "tests/unit/server/admin/test_migrate_store.py::test_what_does_not_verify_is_not_moved",
        "tearline_server.admin.migrate_store:_verify",
        code="TL-STO-009",
        evidence="the file, where it was",
    ),
    _replica(
        "begin a second log beside one that was moved, by a setting that was forgotten",
        "tests/unit/server/admin/test_migrate_store.py"
        "::test_no_second_log_is_begun_because_a_setting_was_forgotten",
        "tearline_server.storage.open:_verify_place",
        code="TL-STO-012",
        evidence="none: it does not start",
    ),
)
