"""Mailboxes in a store: what waits, what became of it, and how far its reader has come."""

from support.agencies import signer
from support.stores import AGREEMENT, PACKET, A, B, C, event, known, put, statement
from tearline.audit.event import EventCode
from tearline.statements.channel import Address, Void, VoidReason
from tearline.statements.statement import StatementType
from tearline.wire.grants import encode_void
from tearline.wire.statements import encode_statement
from tearline_server.storage.interface import Store
from tearline_server.storage.lookups import Lookups, Undelivered
from tearline_server.storage.rows import ErasureRow, MailRow, MailUpdate, WithdrawnRow

OURS = "spiffe://a.example"


async def send(store: Store, seq: int, name: bytes, node: str = B) -> None:
    """A grant of A stands in a mailbox; it is entry ``seq - 1``."""
    first = await put(
        store,
        event(seq, agreement_id=AGREEMENT),
        statements=[statement(seq - 1, name)],
        mail=[MailRow(node=node, seq=seq, statement=seq - 1, entry=seq - 1)],
    )
    assert first == seq - 1


async def test_mail_is_read_in_order_behind_a_place(store: Store) -> None:
    for seq, name in enumerate((b"a", b"b", b"c"), start=1):
        await send(store, seq, name)
    items = await store.mail(B, 1, limit=10)
    assert [(item.seq, item.id) for item in items] == [(2, b"b" * 32), (3, b"c" * 32)]
    (row,) = await store.event_rows(1, limit=1)
    assert items[0].opening.opening == row.opening
    assert (items[0].sender, items[0].packet, items[0].delivered) == (A, PACKET, False)
    assert (items[0].type, items[0].envelope) == (StatementType.GRANT, b"envelope b")
    assert [item.seq for item in await store.mail(B, 0, limit=2)] == [1, 2]
    assert await store.mail(A, 0, limit=10) == []
    assert (await store.load()).mailboxes == {B: 3}


async def test_what_became_of_mail_is_kept_and_a_delivery_stays_the_first(store: Store) -> None:
    await send(store, 1, b"a")
    asked = Lookups(mail=frozenset({(B, b"a" * 32, A), (A, b"a" * 32, A), (B, b"a" * 32, C)}))
    before = (await known(store, asked)).mail
    assert set(before) == {(B, b"a" * 32)}
    item = before[B, b"a" * 32]
    assert (item.delivered, item.held, item.status, item.passed) == (False, False, None, False)
    assert (item.seq, item.sender, item.type) == (1, A, StatementType.GRANT)
    assert (item.packet, item.agreement) == (PACKET, AGREEMENT)
    await put(store, event(5), mail_updates=[MailUpdate(node=B, seq=1, delivered=1)])
    await put(store, event(6), mail_updates=[MailUpdate(node=B, seq=1, status=3)])
    item = (await known(store, asked)).mail[B, b"a" * 32]
    assert (item.delivered, item.held, item.status, item.passed) == (True, False, 3, False)
    await put(store, event(7), mail_updates=[MailUpdate(node=B, seq=1, held=3, status=4)])
    await put(store, event(8), mail_updates=[MailUpdate(node=B, seq=1, passed=True)])
    await put(store, event(9), mail_updates=[MailUpdate(node=B, seq=1)])
    item = (await known(store, asked)).mail[B, b"a" * 32]
    assert (item.delivered, item.held, item.status, item.passed) == (True, True, 4, True)
    assert [each.delivered for each in await store.mail(B, 0, limit=1)] == [True]


async def test_mail_whose_entry_was_erased_says_itself_which_agreement_it_is_under(
    store: Store,
) -> None:
    address = Address(recipient=B, agreement_id=AGREEMENT, seq=1)
    sender = signer(A, b"f" * 32)
    body = encode_void(Void(header=sender.header, address=address, reason=VoidReason.EXPIRED))
    (void,) = sender.sign([(StatementType.VOID, body)]).statements()
    envelope = encode_statement(void)
    await put(
        store,
        event(0, agreement_id=AGREEMENT),
        statements=[statement(0, b"a", envelope=envelope)],
        mail=[MailRow(node=B, seq=1, statement=0, entry=0)],
    )
    agencies = ("spiffe://a.example", "spiffe://b.example")
    await put(store, event(1), erased=[ErasureRow(idx=0, statement=1, agencies=agencies)])
    mail = (await known(store, Lookups(mail=frozenset({(B, b"a" * 32, A)})))).mail
    assert mail[B, b"a" * 32].agreement == AGREEMENT


async def test_what_one_transaction_says_of_an_item_adds_up(store: Store) -> None:
    await send(store, 1, b"a")
    updates = [
        MailUpdate(node=B, seq=1, held=1),
        MailUpdate(node=B, seq=1, delivered=2),
        MailUpdate(node=B, seq=1, status=3),
        MailUpdate(node=B, seq=1, status=4),
        MailUpdate(node=B, seq=1, passed=True),
    ]
    await put(store, event(5), event(6), mail_updates=updates)
    item = (await known(store, Lookups(mail=frozenset({(B, b"a" * 32, A)})))).mail[B, b"a" * 32]
    assert (item.delivered, item.held, item.status, item.passed) == (True, True, 4, True)


async def test_another_statement_takes_the_place_of_one_that_is_withdrawn(store: Store) -> None:
    await send(store, 1, b"a")
    void = statement(1, b"v", type=StatementType.VOID, packet=None, natural=None)
    row = WithdrawnRow(node=B, seq=1, entry=1, grant=0)
    await put(store, event(9), statements=[void], withdrawn=[row])
    (item,) = await store.mail(B, 0, limit=10)
    assert (item.seq, item.id, item.opening.idx, item.packet) == (1, b"v" * 32, 1, None)
    asked = Lookups(
        mail=frozenset({(B, b"a" * 32, A), (B, b"v" * 32, A)}),
        envelopes=frozenset({(b"a" * 32, A), (b"v" * 32, A)}),
    )
    found = await known(store, asked)
    assert set(found.mail) == {(B, b"v" * 32)}
    assert found.envelopes == {(b"v" * 32, A): b"envelope v"}
    assert [row.envelope for row in await store.statement_rows(0, limit=10)] == [b"", b"envelope v"]


async def test_what_is_withdrawn_stays_as_long_as_another_mailbox_has_it(store: Store) -> None:
    """A grant that was held goes back to its sender."""
    await send(store, 1, b"a")
    back = MailRow(node=A, seq=1, statement=0, entry=1)
    await put(store, event(8), mail=[back])
    void = statement(2, b"v", type=StatementType.VOID, packet=None, natural=None)
    row = WithdrawnRow(node=B, seq=1, entry=2, grant=0)
    await put(store, event(9), statements=[void], withdrawn=[row])
    (item,) = await store.mail(A, 0, limit=10)
    assert item.envelope == b"envelope a"


async def test_acknowledgements_only_grow(store: Store) -> None:
    for seq in range(1, 5):
        await send(store, seq, b"%d" % seq)

    async def awaited() -> list[bool]:
        entries = (
            await known(store, Lookups(entries=frozenset((n, OURS) for n in range(5))))
        ).entries
        return [entries[index].awaited for index in sorted(entries)]

    assert await awaited() == [True] * 4
    for seq, expected in ((2, [2]), (1, [2]), (3, [3])):
        await put(store, acknowledged={B: seq})
        assert await awaited() == [n >= expected[0] for n in range(4)]


async def test_what_waits_is_counted_until_its_reader_takes_it_in(store: Store) -> None:
    us, them = "spiffe://a.example", "spiffe://c.example"
    asked = Lookups(waiting=frozenset({(B, us), (B, them), (C, us), (A, us)}))

    async def waiting() -> dict[tuple[str, str], tuple[int, int]]:
        return dict((await known(store, asked)).waiting)

    def mail(node: str, seq: int, agency: str, size: int) -> MailRow:
        return MailRow(node=node, seq=seq, statement=0, entry=0, agency=agency, bytes=size)

    async def backlog() -> tuple[int, ...]:
        found = await store.backlog()
        return found.statements, found.bytes, found.most_statements, found.most_bytes

    assert (await waiting(), await backlog()) == ({}, (0, 0, 0, 0))
    first = [mail(B, 1, us, 10), mail(B, 2, us, 20), mail(B, 3, them, 5), mail(B, 4, "", 0)]
    await put(store, event(0), statements=[statement(0, b"a")], mail=[*first, mail(C, 1, us, 7)])
    assert await waiting() == {(B, us): (2, 30), (B, them): (1, 5), (C, us): (1, 7)}
    assert await backlog() == (4, 42, 2, 30)
    await put(store, acknowledged={B: 1})
    await put(store, acknowledged={B: 1})
    assert await waiting() == {(B, us): (1, 20), (B, them): (1, 5), (C, us): (1, 7)}
    await put(store, mail=[mail(B, 5, us, 1), mail(B, 6, us, 2)], acknowledged={B: 5, C: 1})
    assert await waiting() == {(B, us): (1, 2), (B, them): (0, 0), (C, us): (0, 0)}
    assert await backlog() == (1, 2, 1, 2)
    await put(store, acknowledged={B: 3})
    assert (await waiting())[B, us] == (1, 2)


async def test_a_name_that_nobody_can_bear_is_nobodys(store: Store) -> None:
    name = "spiffe://b.example/node/\0"
    asked = Lookups(
        waiting=frozenset({(name, A)}),
        mail=frozenset({(name, PACKET, name)}),
        requests=frozenset({(PACKET, name, name)}),
    )
    found = await known(store, asked)
    assert (found.waiting, found.mail, found.requests) == ({}, {}, {})


async def test_what_an_entry_hides_is_known_by_its_index_to_those_it_names(store: Store) -> None:
    await put(store, event(0), event(1))
    rows = await store.event_rows(0, limit=2)
    asked = Lookups(entries=frozenset({(1, OURS), (7, OURS), (0, "spiffe://c.example")}))
    entries = (await known(store, asked)).entries
    assert {index: (each.event, each.awaited) for index, each in entries.items()} == {
        1: (rows[1].event, False)
    }


async def test_grants_that_were_not_handed_out_are_found_by_their_agreement(store: Store) -> None:
    events = [event(n, agreement_id=AGREEMENT) for n in range(6)]
    events[5] = event(5, agreement_id=b"h" * 16)
    names = [b"%d" % n for n in range(6)]
    rows = [statement(n, name) for n, name in enumerate(names)]
    rows[4] = statement(4, names[4], type=StatementType.VOID)
    agreements = [b"" if n == 4 else events[n].agreement_id for n in range(6)]
    mail = [
        MailRow(node=B, seq=n + 1, statement=n, entry=n, agreement=agreement)
        for n, agreement in enumerate(agreements)
    ]
    mail += [MailRow(node=A, seq=1, statement=0, entry=0)]  # its own, held, comes back to it
    mail += [MailRow(node=C, seq=n, statement=1, entry=1, agreement=AGREEMENT) for n in (1, 2, 3)]
    await put(store, *events, statements=rows, mail=mail, acknowledged={B: 1})
    await put(store, event(7), mail_updates=[MailUpdate(node=C, seq=2, passed=True)])
    withdrawn = WithdrawnRow(node=C, seq=3, entry=4, grant=1)
    await put(store, event(8), withdrawn=[withdrawn])
    await put(store, event(9), mail_updates=[MailUpdate(node=B, seq=2, delivered=6)])
    await put(store, event(10), mail_updates=[MailUpdate(node=B, seq=3, held=7)])
    asked = Lookups(agreements=frozenset({AGREEMENT, b"i" * 16}))
    found = (await known(store, asked)).undelivered
    assert found[b"i" * 16] == []
    waiting = [
        Undelivered(node=node, seq=seq, id=names[n] * 32, statement=n, event=events[n])
        for node, seq, n in ((B, 4, 3), (C, 1, 1))
    ]
    assert sorted(found[AGREEMENT], key=lambda each: each.node) == waiting


async def test_an_event_that_was_accepted_is_no_delivery(store: Store) -> None:
    await put(
        store,
        event(0, code=EventCode.AGREEMENT),
        statements=[statement(0, b"a", packet=None)],
        mail=[MailRow(node=B, seq=1, statement=0, entry=0)],
    )
    (item,) = await store.mail(B, 0, limit=10)
    assert (item.packet, item.delivered) == (None, False)
