"""An exchange, and the federation founded around it: what most benchmarks begin with."""

import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bench.client import Client, verify_accepted
from bench.exchange import NAME, Home, Process
from bench.federation import SENDER, Federation, found
from bench.harness import LATEST
from tearline.crypto.certificates import verify_leaf
from tearline.identity import parse_node_uri
from tearline.persons.tokens import Binding, Person, Role, issue_token
from tearline.policy.marking import Tlp
from tearline.wire.publications import Publication, encode_publication
from tearline_runtime.grpc import methods
from tearline_runtime.grpc.tls_identity import TlsIdentity


@dataclass(frozen=True, kw_only=True)
class Scene:
    """An exchange that can be served, and its federation.

    Attributes:
        folder: The exchange's home, on the disk that is measured.
        home: The same, and how it is served.
        federation: The agencies, whose keys the exchange's log holds.
    """

    folder: Path
    home: Home
    federation: Federation

    @property
    def sender(self) -> str:
        """The URI of the node that sends."""
        return self.federation.sender.header.signer

    @property
    def authority(self) -> bytes:
        """The exchange's CA."""
        return self.home.operator.keys.authority.certificate

    def identity(self, node: str) -> TlsIdentity:
        """A fresh certificate for a node."""
        return self.federation.members[parse_node_uri(node).trust_domain].tls(node)

    def client(self, server: Process, node: str) -> Client:
        """A node's connection to a server of this home."""
        return Client(server, self.identity(node), self.authority)

    async def agree(self, server: Process) -> None:
        """Puts the agreement in force, as an officer of the sender's."""
        identity = self.identity(self.sender)
        client = Client(server, identity, self.authority)
        message = encode_publication(Publication(signed=(self.federation.agreed(),)))
        token = self._officer_token(identity)
        verify_accepted(await client.call(methods.PUBLISH, message, token), 1)
        await client.close()

    def _officer_token(self, identity: TlsIdentity) -> str:
        member, now_s = self.federation.members[SENDER], int(time.time())
        leaf = verify_leaf(identity.certificate, {SENDER: (member.authority.certificate,)}, now_s)
        officer = Person(
            subject=secrets.token_hex(32), roles=frozenset({Role.OFFICER}), clearance=Tlp.RED
        )
        binding = Binding(
            node=parse_node_uri(self.sender),
            thumbprint=leaf.thumbprint,
            audience=f"spiffe://{NAME}/exchange",
            issuer_keys=(member.issuer.public,),
        )
        return issue_token(
            member.issuer, officer, binding, token_id=secrets.token_bytes(16), now_s=now_s
        )


@contextmanager
def founded(
    *, nodes: int = 1, senders: int = 1, settings: Mapping[str, int | str] = MappingProxyType({})
) -> Iterator[Scene]:
    """Founds a federation around an exchange, in a folder that is deleted in the end.

    Args:
        nodes: How many nodes each partner has.
        senders: How many nodes the agency that sends has.
        settings: Of the exchange, beside those that it must have.
    """
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=LATEST.parent) as folder:
        home = Home(Path(folder), settings)
        federation = found(home.operator.enrolment, nodes=nodes, senders=senders)
        home.begin(federation.founding, federation.records)
        yield Scene(folder=Path(folder), home=home, federation=federation)
