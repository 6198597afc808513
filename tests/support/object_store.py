"""An S3-compatible object store of the tests' own: rclone from a wheel, over a folder."""

import shutil
import subprocess
import sys
from pathlib import Path

import httpx

from tearline_server.blobs.bucket import Bucket
from tearline_server.blobs.signature_v4 import Credentials
from tearline_server.settings.blobs import BucketPlace

CREDENTIALS = Credentials(key_id="tests", secret="a secret of tests")
BUCKET = "documents"
_STARTED = b"Starting s3 server on [http://127.0.0.1:"


def installed() -> Path | None:
    """The program, beside this interpreter; None where it is not installed."""
    found = Path(sys.executable).with_name("rclone")
    return found if found.exists() else None


class ObjectStore:
    """One server over a folder, which it serves until it is closed.

    Args:
        folder: The folder; its folders are buckets.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / BUCKET).mkdir(parents=True)
        self.port = 0
        self.start()

    @property
    def place(self) -> BucketPlace:
        """Its bucket, as settings name it."""
        endpoint = f"http://127.0.0.1:{self.port}"
        return BucketPlace(
            endpoint=endpoint, bucket=BUCKET, region="us-east-1", credentials=None, ca=None
        )

    def bucket(self, credentials: Credentials = CREDENTIALS) -> Bucket:
        """A client of its bucket."""
        from tearline_server.bootstrap import now_ms

        return Bucket(self.place, lambda: credentials, now_ms)

    def objects(self) -> list[Path]:
        """The files of its objects."""
        return sorted(each for each in (self.folder / BUCKET).rglob("*") if each.is_file())

    def start(self) -> None:
        """Starts the server, on the port that it had before."""
        program = installed()
        assert program is not None
        self._process = subprocess.Popen(
            [
                str(program),
                "serve",
                "s3",
                f"--addr=127.0.0.1:{self.port}",
                f"--auth-key={CREDENTIALS.key_id},{CREDENTIALS.secret}",
                "--config=/dev/null",
                "--dir-cache-time=0",
                str(self.folder),
            ],
            stderr=subprocess.PIPE,
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if _STARTED in line:
                self.port = int(line.partition(_STARTED)[2].partition(b"/")[0])
                break
        else:
            raise RuntimeError("rclone did not start")

    def stop(self) -> None:
        """Ends the server; its objects stay."""
        self._process.kill()
        self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()

    def close(self) -> None:
        """Ends the server, and deletes its objects."""
        self.stop()
        shutil.rmtree(self.folder)

    def status(self, path: str = "") -> int:
        """The status of a request without a signature."""
        return httpx.get(f"http://127.0.0.1:{self.port}/{BUCKET}{path}").status_code
