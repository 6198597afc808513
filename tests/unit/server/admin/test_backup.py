"""The exchange's backup: restored as it was written, and by whoever has its keys alone."""

import shutil
from pathlib import Path

import pytest

from support.agencies import CN, US
from support.archives import rewritten
from support.exchange_process import PASSPHRASE, founded
from tearline.errors import BackupDamaged, KeystoreLocked
from tearline_server.admin.backup import back_up, restore

SECRET = PASSPHRASE.encode()


async def test_a_backup_that_was_changed_is_not_restored(tmp_path: Path) -> None:
    served = await founded(tmp_path / "exchange", [US, CN])
    file, changed, home = (tmp_path / name for name in ("backup", "changed", "restored"))
    with pytest.raises(KeystoreLocked):
        back_up(served.config, file, b"another passphrase")
    assert not file.exists()
    back_up(served.config, file, SECRET)
    shutil.rmtree(served.config.home)

    def settings(files: dict[str, bytes]) -> dict[str, bytes]:
        return files | {"exchange.toml": files["exchange.toml"] + b"node_bytes_s = 1\n"}

    for key in (None, bytes(32)):
        changed.write_bytes(rewritten(file.read_bytes(), settings, key))
        with pytest.raises(BackupDamaged, match="keys"):
            await restore(changed, home, SECRET)
        assert not home.exists()
    restored = await restore(file, home, SECRET)
    assert restored.size == restored.backed_up > 0
