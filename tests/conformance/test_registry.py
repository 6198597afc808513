"""What an exchange holds in memory: whole when it starts, and what others wrote since."""

from support.agencies import federation
from support.stores import AGREEMENT, A, B, C, Open, event, news_since, put, statement
from tearline.audit.event import EventCode
from tearline.statements.budget import BudgetLevel, BudgetPart
from tearline.statements.statement import StatementType
from tearline_server.storage.interface import Store
from tearline_server.storage.rows import AgreementRow, CaseStepRow, ChannelRow, MailRow, StandingRow
from tearline_server.storage.snapshot import Snapshot, StoredAgreement, StoredStanding

AGENCY, OTHER = "spiffe://a.example", "spiffe://b.example"
CASE = b"c" * 16


async def stored(store: Store) -> Snapshot:
    """Two of everything, of which one came first and one was replaced since."""
    clear = federation().clear
    await put(store, clear[0], event(0))
    about = [event(9, code=EventCode.AGREEMENT, party=party) for party in (AGENCY, OTHER)]
    await put(
        store,
        *about,
        statements=[statement(2, b"\0", id=about[0].statement_id, type=StatementType.AGREEMENT)],
        agreements=[AgreementRow(id=AGREEMENT, version=1, statement=2)],
        channels=[ChannelRow(sender=A, recipient=B, agreement=AGREEMENT, seq=3, mark=1)],
        mail=[MailRow(node=B, seq=1, statement=2, entry=2)],
    )
    said = [event(10, code=EventCode.STANDING, party=party) for party in (AGENCY, OTHER)]
    await put(
        store,
        *said,
        statements=[
            statement(4, b"\1", id=said[0].statement_id, type=StatementType.STANDING),
            statement(5, b"c", type=StatementType.CASE_STEP),
        ],
        standings=[StandingRow(agency=AGENCY, agreement=AGREEMENT, statement=4)],
        case_steps=[CaseStepRow(case=CASE, sender=AGENCY, recipient=OTHER, statement=5)],
    )
    return await store.load()


async def test_everything_comes_back_as_of_one_moment(store: Store) -> None:
    found = await stored(store)
    assert [index for index, _ in found.clear] == [0]
    assert found.agreements == [
        StoredAgreement(statement=2, envelope=b"envelope \0", entries={AGENCY: 2, OTHER: 3})
    ]
    assert found.standings == [
        StoredStanding(statement=4, envelope=b"envelope \1", entries={AGENCY: 4, OTHER: 5})
    ]
    assert found.case_steps == [b"envelope c"]
    assert found.channels == [ChannelRow(sender=A, recipient=B, agreement=AGREEMENT, seq=3, mark=1)]
    assert found.mailboxes == {B: 1}


async def test_the_newest_standing_step_and_place_replace_the_one_before(store: Store) -> None:
    await stored(store)
    said = event(11, code=EventCode.STANDING, party=AGENCY)
    await put(
        store,
        said,
        event(12),
        statements=[
            statement(6, b"\2", id=said.statement_id, type=StatementType.STANDING),
            statement(7, b"d", type=StatementType.CASE_STEP),
        ],
        standings=[StandingRow(agency=AGENCY, agreement=AGREEMENT, statement=6)],
        case_steps=[CaseStepRow(case=CASE, sender=AGENCY, recipient=OTHER, statement=7)],
        channels=[ChannelRow(sender=A, recipient=B, agreement=AGREEMENT, seq=4, mark=1)],
        mail=[MailRow(node=B, seq=2, statement=7, entry=7)],
    )
    found = await store.load()
    assert [row.statement for row in found.standings] == [6]
    assert found.case_steps == [b"envelope d"]
    assert [row.seq for row in found.channels] == [4]
    assert found.mailboxes == {B: 2}


async def test_everything_survives(open_store: Open) -> None:
    store = await open_store()
    before = await stored(store)
    await store.put_checkpoint(1, b"note")
    await store.close()
    store = await open_store()
    after = await store.load()
    assert after.checkpoint == (1, b"note")
    assert (after.head, after.agreements) == (before.head, before.agreements)
    await store.close()


async def test_of_an_agreement_only_the_newest_version_is_read_at_the_start(store: Store) -> None:
    """However often its parties amend it."""
    await stored(store)
    for version in (2, 3):
        about = event(20 + version, code=EventCode.AGREEMENT, party=AGENCY)
        size = (await store.load()).head.tree.size
        await put(
            store,
            about,
            statements=[
                statement(
                    size, b"%d" % version, id=about.statement_id, type=StatementType.AGREEMENT
                )
            ],
            agreements=[AgreementRow(id=AGREEMENT, version=version, statement=size)],
        )
    (found,) = (await store.load()).agreements
    assert found.envelope == b"envelope 3"


async def test_who_knows_the_head_is_told_no_news(store: Store) -> None:
    head = (await stored(store)).head
    assert await news_since(store, head) is None


async def test_what_others_wrote_is_told_before_anything_is_written_behind_it(
    store: Store,
) -> None:
    clear = federation().clear
    before = (await stored(store)).head
    agreed = event(11, code=EventCode.AGREEMENT, party=AGENCY)
    said = event(12, code=EventCode.STANDING, party=OTHER)
    await put(
        store,
        agreed,
        said,
        clear[1],
        event(13),
        statements=[
            statement(6, b"\3", id=agreed.statement_id, type=StatementType.AGREEMENT),
            statement(7, b"\4", id=said.statement_id, type=StatementType.STANDING),
            statement(9, b"e", type=StatementType.CASE_STEP),
        ],
        agreements=[AgreementRow(id=AGREEMENT, version=2, statement=6)],
        standings=[StandingRow(agency=OTHER, agreement=AGREEMENT, statement=7)],
        case_steps=[CaseStepRow(case=CASE, sender=OTHER, recipient=AGENCY, statement=9)],
        channels=[ChannelRow(sender=B, recipient=C, agreement=AGREEMENT, seq=1, mark=0)],
        mail=[MailRow(node=C, seq=1, statement=9, entry=9)],
    )
    news = await news_since(store, before)
    assert news is not None
    assert news.head == (await store.load()).head
    assert 8 in dict(news.clear)
    assert StoredAgreement(statement=6, envelope=b"envelope \3", entries={AGENCY: 6}) in (
        news.agreements
    )
    assert StoredStanding(statement=7, envelope=b"envelope \4", entries={OTHER: 7}) in (
        news.standings
    )
    assert b"envelope e" in news.case_steps
    assert ChannelRow(sender=B, recipient=C, agreement=AGREEMENT, seq=1, mark=0) in news.channels
    assert news.mailboxes[C] == 1


async def test_news_without_an_entry_are_news(store: Store) -> None:
    before = (await stored(store)).head
    moved = ChannelRow(sender=A, recipient=B, agreement=AGREEMENT, seq=9, mark=2, empty_ms=7)
    await put(store, channels=[moved])
    news = await news_since(store, before)
    assert news is not None
    assert moved in news.channels
    assert news.head.tree == before.tree


async def test_budgets_are_kept_replaced_and_told_to_others(store: Store) -> None:
    spent, other = (AGENCY, BudgetPart.ORDINARY), (AGENCY, BudgetPart.REFUSAL)
    first = BudgetLevel(entries_us=1 << 60, bytes_us=3)
    await put(store, event(0), budgets={spent: first, other: BudgetLevel(entries_us=5)})
    assert (await store.load()).budgets == {spent: first, other: BudgetLevel(entries_us=5)}
    before = (await store.load()).head
    again = BudgetLevel(entries_us=4, bytes_us=1 << 61)
    await put(store, budgets={spent: again})
    news = await news_since(store, before)
    assert news is not None
    assert news.budgets[spent] == again
    assert (await store.load()).budgets == {spent: again, other: BudgetLevel(entries_us=5)}
