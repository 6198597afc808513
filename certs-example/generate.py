"""Makes the certificates of an example federation: a CA and leaves for each member.

    python certs-example/generate.py [--config FILE] [--out DIR]

Every agency and the operator get a CA of their own, the exchange a server certificate, every
node a client certificate. Private keys are written in the clear, for experiments with TLS
only; a real node keeps them in its keystore and never writes such files.
"""

import argparse
import os
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.crypto.certificates import to_pem
from tearline.crypto.tls_keys import TlsKey
from tearline.errors import MalformedInput, TearlineError
from tearline.identity import AgencyUri, NodeUri

HERE = Path(__file__).resolve().parent
DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Who gets certificates, and for how long.

    Attributes:
        ca_lifetime_s: How long a CA lives, seconds.
        leaf_lifetime_s: How long a leaf lives, seconds.
        operator: The trust domain of the exchange's operator.
        dns_name: The name of the exchange.
        agencies: The names of the nodes of each agency, by its trust domain.
    """

    ca_lifetime_s: int
    leaf_lifetime_s: int
    operator: str
    dns_name: str
    agencies: dict[str, list[str]]


def read_config(path: Path) -> Config:
    """The configuration at ``path``.

    Raises:
        MalformedInput: If it is not TOML with exactly the settings there are.
        OSError: If it cannot be read.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise MalformedInput(f"{path}: {error}") from None
    match table:
        case {
            "ca_lifetime_days": int(ca_days),
            "leaf_lifetime_days": int(leaf_days),
            "exchange": {"trust_domain": str(operator), "dns_name": str(dns_name), **surplus},
            "agencies": dict(agencies),
            **rest,
        } if not surplus and not rest and all(map(_are_names, agencies.values())):
            return Config(
                ca_lifetime_s=ca_days * DAY_S,
                leaf_lifetime_s=leaf_days * DAY_S,
                operator=operator,
                dns_name=dns_name,
                agencies=agencies,
            )
    raise MalformedInput(f"{path}: a setting is missing, unknown or of the wrong kind")


def generate(config: Config, out: Path, *, now_s: int) -> list[Path]:
    """Writes a certificate and a key for everybody into the new folder ``out``.

    Args:
        config: Who gets them.
        out: A folder that does not exist yet: keys that may be in use are not overwritten.
        now_s: The time, Unix seconds.

    Returns:
        The paths of the certificates; each key lies beside its own.

    Raises:
        MalformedInput: If ``out`` exists, or a name or a lifetime is not acceptable.
        OSError: If a file cannot be written.
    """
    if out.exists():
        raise MalformedInput(f"{out} exists already; remove it, or name another folder")
    made: dict[Path, tuple[bytes, TlsKey]] = {}

    def authority(trust_domain: str) -> CertificateAuthority:
        agency = AgencyUri(trust_domain=trust_domain)
        found = CertificateAuthority.create(agency, now_s=now_s, lifetime_s=config.ca_lifetime_s)
        made[out / trust_domain / "ca.crt"] = found.certificate, TlsKey(found.private_bytes())
        return found

    lifetime_s = config.leaf_lifetime_s
    issuer, key = authority(config.operator), TlsKey.generate()
    leaf = issuer.issue_exchange(config.dns_name, key.public, now_s=now_s, lifetime_s=lifetime_s)
    made[out / config.operator / "exchange.crt"] = leaf, key
    for trust_domain, names in config.agencies.items():
        issuer = authority(trust_domain)
        for name in names:
            node, key = NodeUri(trust_domain=trust_domain, name=name), TlsKey.generate()
            leaf = issuer.issue_node(node, key.public, now_s=now_s, lifetime_s=lifetime_s)
            made[out / trust_domain / f"node-{name}.crt"] = leaf, key
    for path, (certificate, key) in made.items():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, to_pem(certificate))
        _write(path.with_suffix(".key"), key.private_pem())
    return list(made)


def main(arguments: list[str]) -> int:
    """Runs the generator; returns the exit status."""
    parser = argparse.ArgumentParser(description="Make the certificates of an example federation.")
    parser.add_argument("--config", type=Path, default=HERE / "federation.toml", metavar="FILE")
    parser.add_argument("--out", type=Path, default=HERE / "out", metavar="DIR")
    given = parser.parse_args(arguments)
    try:
        written = generate(read_config(given.config), given.out, now_s=int(time.time()))
    except TearlineError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return 1
    sys.stdout.writelines(f"{path}\n" for path in written)
    return 0


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
