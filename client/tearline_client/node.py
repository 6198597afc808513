"""``Node``: an agency's node, as programs use it."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tearline.errors import LOCAL_ONLY, TearlineError
from tearline_client.bootstrap import start_state
from tearline_client.context import NodeContext
from tearline_client.features.worklist.service import Task
from tearline_client.keys.home import Home, Identity
from tearline_client.keys.keystore import Keystore
from tearline_client.messages.received import Received
from tearline_client.namespaces.assembly import Assembly
from tearline_client.persons.issuer import NODE
from tearline_client.rules.search_index import index_in_turns
from tearline_client.status import NodeStatus, status_of
from tearline_client.transport.interface import Transport
from tearline_runtime.traces import SpanName, span

if TYPE_CHECKING:
    from tearline_client.transport.clamd import Scanner


class Node(Assembly):
    """Agency's node. ``Node.open`` opens it; close it, or use it as a context manager.

    Example:
        >>> async def send_lead() -> Sent:
        ...     async with await Node.open("us-justice", passphrase=passphrase) as node:
        ...         await node.sync()
        ...         draft = node.packets.draft(group, about, agreement="narcotics-2026")
        ...         plan = node.packets.plan(draft, ["cn-public-security", "mx-prosecutor"])
        ...         return await node.packets.send([plan])
        >>> asyncio.run(send_lead()).refused
        ()
    """

    def __init__(self, context: NodeContext, home: Home, keystore: Keystore) -> None:
        super().__init__(context, home, keystore, sync=self.sync, receive=self.receive)

    @classmethod
    async def open(
        cls,
        path: str | Path,
        *,
        passphrase: bytes,
        address: str = "",
        timeout_s: float = 30,
        transport: Transport | None = None,
        asks_before_erasing: bool = False,
        scanner: "Scanner | None" = None,
    ) -> "Node":
        """Opens the node in a home.

        Args:
            path: The home.
            passphrase: Opens its keystore.
            address: host:port of the exchange, if not the listed one.
            timeout_s: Time limit of one call, in seconds.
            transport: Replacement of the connection to the exchange, for tests.
            asks_before_erasing: Whether a person decides about partners' recalls before their
                deadline; otherwise the node erases at once.
            scanner: Judges each document before it is handed out; None for none.

        Raises:
            TearlineError: If a part of the home is missing or cannot be opened.
        """
        home = Home(Path(path).expanduser())
        identity = home.identity()
        keystore = Keystore.open(home.keys, passphrase)
        context = start_state(
            home,
            identity,
            keystore,
            address=address,
            timeout_s=timeout_s,
            transport=transport,
            asks_before_erasing=asks_before_erasing,
            scanner=scanner,
        )
        return cls(context, home, keystore)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection and closes the database."""
        await self._context.transport.close()
        self._context.stores.database.close()

    @property
    def uri(self) -> str:
        """Returns the node's URI."""
        return self._context.uri

    def identity(self) -> Identity:
        """Returns the names of the node and its agency, and its trust domain."""
        return self.home.identity()

    # Synchronisation.

    async def sync(self) -> None:
        """Reads the log, keeps our keys on record, runs due jobs and sends the outbox.

        A job that fails stops no other; see ``Jobs``.

        Raises:
            ExchangeError: If the exchange is out of reach.
            LogError: If the log is not the one followed so far.
            MembershipEnded: If this agency is no longer a member.
            TwinAtWork: If another copy of this node is running.
        """
        with span(SpanName.SYNC):
            await self._synchronisation.run()
            self._jobs.run(
                drafts=self.approvals.expire, documents=self.packets.drop_unused_documents
            )
            await self.decisions.run()

    async def look(self) -> None:
        """Synchronises for a command: for a minute, neither its acts nor ``look`` do so again.

        Acts that send read the mailbox all the same.

        Raises:
            TearlineError: As ``sync``.
        """
        if not self._synchronisation.has_looked():
            await self.sync()
            self._synchronisation.note_look()

    def take_over(self, *, person: str = NODE) -> None:
        """Makes this copy the node again, after every other copy has ended; see ``Reconciler``.

        Sessions and codes of persons end: they may have been ended or used at another copy. It is
        an entry of the access log: of ``person``, or of the node.
        """
        self._access.act("node take-over", person=person)
        self.sign_ins.end_all()
        self._recovery.take_over()

    # Receiving.

    def inbox(self, *, wait: bool = False) -> AsyncIterator[Received]:
        """Yields arrivals one by one, verified and stored.

        Arrivals of one page are stored together. If the caller stops early, the rest of the page is
        among the packets here, and is not yielded again.

        Args:
            wait: Whether to wait for more once the mailbox is read.
        """
        return self._inbox.arrivals(wait=wait)

    async def receive(self) -> int:
        """Receives the whole mailbox, and notifies the senders; returns the number of arrivals."""
        await self.sync()
        return await self._synchronisation.take_in()

    async def unread(self) -> int:
        """Returns the number of unread items in the mailbox; see ``Inbox.unread``."""
        return await self._inbox.unread()

    async def refresh(self) -> TearlineError | None:
        """Receives the mailbox after ``look``, unless the exchange is out of reach for us.

        Returns:
            The error if the exchange was unreachable, or our membership has ended; else None. The
            state here is then that of ``known_ms``.
        """
        try:
            await self.look()
            await self._synchronisation.take_in()
        except LOCAL_ONLY as error:
            return error
        return None

    def known_ms(self) -> int:
        """Returns the time of the newest checkpoint read here, Unix milliseconds, or 0."""
        return self._context.follower.time_s() * 1000

    async def tell(self) -> None:
        """Sends receipts for grants, and the other answers that partners wait for."""
        await self._synchronisation.tell()

    async def mark(self) -> int:
        """Signs and sends a mark for every changed channel; see ``Synchronisation.mark``."""
        return await self._synchronisation.mark()

    # State.

    def own_policies(self) -> str:
        """Returns the agency's own policies in force, as Cedar text; empty without any."""
        own = self._context.policies.own
        return "" if own is None else own.text

    def is_ready(self) -> bool:
        """Returns whether a statement sealed now would be valid; see ``NodeContext.is_ready``."""
        return self._context.is_ready()

    def forget_quarantined(self, code: str, *, person: str = NODE) -> int:
        """Deletes all quarantined items with a code; returns their number.

        It is an entry of the access log: of ``person``, or of the node.
        """
        self._access.act(f"quarantine forget {code}", person=person)
        with self._context.stores.database.transaction():
            return self._context.stores.inbox.forget(code)

    def jobs_waiting(self) -> Mapping[str, int]:
        """Returns the number of items that wait for background work, by job."""
        return self._context.stores.backlog.jobs()

    async def update_indexes(self) -> None:
        """Updates the indexes that later reads need, while other tasks run.

        It indexes packets that were sent or opened further since, and computes states of requests.
        """
        with self._jobs.attempt("index"):
            await index_in_turns(self._context)
        await self.feeds.update()
        await self.requests.prepare()

    def keep_statistics(self) -> None:
        """Lets the database adapt its statistics to its size."""
        self._context.stores.database.keep_statistics()

    def todo(self) -> tuple[Task, ...]:
        """Returns the tasks that wait for a person, most urgent first; see ``Worklist``.

        The tasks are those known here: ``receive`` first. They hold no contents of packets.
        """
        return self._worklist.tasks()

    async def todo_in_turns(self) -> tuple[Task, ...]:
        """Returns the same as ``todo``, and gives other work its turn meanwhile."""
        return await self._worklist.tasks_in_turns()

    def status(self) -> NodeStatus:
        """Returns the node's status."""
        return status_of(self._context, certificate_end_ms=self.connection.end_ms)
