"""Agreements, proposals and suspensions, as an officer in charge sees and does them."""

import html
import re

from attacks.test_proposals import new_terms, terms
from attacks.test_standings import NAME, resume, suspend, unreachable
from support.simulation import Member, Simulation
from tearline.agreements.proposal import ProposalState
from tearline_client.console.agreement_text import agreement_text
from unit.client.console.browsers import Browser, ConsoleUnderTest, seen_in


def text_of(page: str) -> str:
    """The words of a page, without its tags."""
    words = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.split("<main")[1])).split())
    return words.replace(" ,", ",")


def path_of(member: Member, name: str = NAME) -> str:
    return f"/agreements/{member.node.agreements.by_name(name).id.hex()}"


async def post(browser: Browser, path: str, **values: str) -> tuple[int, str]:
    """Sends a form of the session, and follows to the page after it."""
    reply = await browser.act(path, **values)
    if reply.status_code == 303:
        reply = await browser.get(reply.headers["location"])
    return reply.status_code, text_of(reply.text)


async def test_the_list_shows_state_parties_and_end(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = await console.signed_in("auditor")
    page = await browser.get("/agreements")
    text = text_of(page.text)
    assert "narcotics-2026 version 1 In force mx-prosecutor, us-justice, cn-public-security" in text
    assert "1 Jan 2036, 00:00:00" in text
    assert "Propose an agreement" not in text
    assert f'href="{path_of(world.mx)}"' in page.text
    await suspend(world.us)
    await world.settle(rounds=3)
    assert "Suspended: us-justice" in text_of((await browser.get("/agreements")).text)


async def test_an_agreement_is_a_matrix_of_categories_and_partners(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = await console.signed_in("analyst")
    text = text_of((await browser.get(path_of(world.mx))).text)
    assert "Category mx-prosecutor us-justice cn-public-security" in text
    assert "finance.amount Clear Clear Generalised" in text
    assert "identity.source Exists Withheld Withheld" in text
    assert "Withheld from every partner:" in text
    assert "Onward use Only by a grant of the originator." in text
    assert "Retention of contents in the log for ever" in text
    assert "Retention at recipients 730 d" in text
    for word in ("Suspend", "Resume", "Publish again"):
        assert word not in text  # an analyst may do none of it


async def test_terms_written_as_a_file_are_the_same_terms(world: Simulation) -> None:
    node = world.mx.node
    for found in node.agreements.list():
        text = agreement_text(found, node.directory.members())
        again = node.proposals.draft(text)
        assert (again.terms, again.reply_times, again.onward_use) == (
            found.terms,
            found.reply_times,
            found.onward_use,
        )
        assert (again.valid_from_ms, again.valid_until_ms, again.retention_ms) == (
            found.valid_from_ms,
            found.valid_until_ms,
            found.retention_ms,
        )


async def test_a_proposal_shows_what_each_partner_gains_and_is_signed(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    us = world.us.node
    changed = agreement_text(us.agreements.by_name(NAME), us.directory.members())
    changed = changed.replace('"finance.amount" = "generalised"', '"finance.amount" = "clear"')
    changed = changed.replace("retention_days = 730", "retention_days = 365")
    proposed = await us.proposals.propose(us.proposals.draft_amendment(NAME, changed))
    await world.settle(rounds=1)
    browser = await console.signed_in("officer")
    assert "narcotics-2026 version 2 Proposed" in text_of((await browser.get("/agreements")).text)
    path = f"/proposals/{proposed.hex()}"
    page = await browser.get(path)
    text = text_of(page.text)
    assert "cn-public-security : 2 gains, 0 losses" in text
    assert "gains finance.amount mx-prosecutor Generalised Clear money-laundering" in text
    assert "Retention at recipients 730 d 365 d" in text
    assert "Waits for mx-prosecutor, cn-public-security" in text
    assert (await post(browser, f"{path}/sign", typed="narcotics"))[0] == 400
    status, text = await post(browser, f"{path}/sign", typed=f" {NAME} 2  ")
    assert (status, "Signed by mx-prosecutor, us-justice" in text) == (200, True)
    assert "Signed. The agreement comes into force" in text
    await world.cn.node.proposals.sign(world.cn.node.proposals.offer(proposed))
    await world.settle(rounds=1)
    assert world.mx.node.agreements.by_name(NAME).version == 2
    page = await browser.get(f"{path_of(world.mx)}?version=1")
    assert "Replaced by a later version" in text_of(page.text)


async def test_a_proposal_is_countered_and_declined(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    us, mx = world.us.node, world.mx.node
    proposed = await us.proposals.propose(us.proposals.draft(new_terms()))
    await world.settle(rounds=1)
    browser = await console.signed_in("officer")
    path = f"/proposals/{proposed.hex()}"
    form = await browser.get(f"{path}/counter")
    begun = html.unescape(re.findall(r"<textarea[^>]*>\n(.*)</textarea>", form.text, re.S)[0])
    assert 'name = "precursors-2026"' in begun
    status, text = await post(browser, f"{path}/counter", terms="name = 1", days="9")
    assert (status, "TL-AGR" in text) == (400, True)
    other = begun.replace("retention_days = 730", "retention_days = 90")
    status, text = await post(browser, f"{path}/counter", terms=other, days="9")
    assert "Nothing has been sent." in text
    assert len(mx.proposals.offers()) == 1
    status, text = await post(
        browser, f"{path}/counter", terms=other, days="9", typed="precursors-2026"
    )
    assert (status, "Signed and proposed to every party." in text) == (200, True)
    assert [mx.proposals.state_of(each).text for each in mx.proposals.offers()] == [
        "countered",
        "proposed",
    ]
    status, text = await post(browser, f"{path}/decline")
    assert "Declined by mx-prosecutor" in text
    assert mx.proposals.state_of(mx.proposals.offer(proposed)) is ProposalState.DECLINED


async def test_an_agreement_is_proposed_and_amended(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = await console.signed_in("officer")
    text = terms(name="rivers-2026")
    status, shown = await post(browser, "/agreements/new", terms=text, days="x")
    assert (status, "TL-USE-001" in shown) == (400, True)
    typed = "rivers-2026"
    status, shown = await post(browser, "/agreements/new", terms=text, days="5", typed=typed)
    assert "rivers-2026 version 1 Proposed" in shown
    amended = f"{path_of(world.mx)}/amend"
    status, shown = await post(browser, amended, terms=terms(retention=365), days="5")
    assert "loses finance.account" in shown
    status, shown = await post(browser, amended, terms=terms(retention=365), days="5", typed=NAME)
    assert "narcotics-2026 version 2 Proposed" in shown
    await world.us.node.receive()
    assert len(world.us.node.proposals.offers()) == 2


async def test_a_suspension_shows_its_effects_and_takes_the_typed_name(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    await world.mx.send(world.us)
    await world.us.node.receive()
    await world.mx.node.receive()
    await world.mx.send(world.us, world.cn)
    browser = await console.signed_in("liaison")
    path = f"{path_of(world.mx)}/suspend"
    text = text_of((await browser.get(path)).text)
    assert "Effects" not in text.replace("Show the effects", "")
    page = await browser.get(f"{path}?reason=review&in_flight=hold&originated=keep")
    text = text_of(page.text)
    assert "cn-public-security 1 0 us-justice 1 1" in text
    assert "Hold undelivered packets, and issue them anew on resumption" in text
    values = {"reason": "review", "in_flight": "hold", "originated": "keep"}
    assert (await post(browser, path, **values, typed=""))[0] == 400
    assert not world.mx.node.suspensions.positions(world.mx.node.agreements.by_name(NAME))
    status, text = await post(browser, path, **values, typed=NAME)
    assert (status, "Suspended by mx-prosecutor" in text) == (200, True)
    assert "Suspended here from this moment." in text
    assert "Review. Hold undelivered packets" in text
    (position,) = world.mx.node.suspensions.positions(world.mx.node.agreements.by_name(NAME))
    assert position.since_ms is not None
    assert (await post(browser, f"{path_of(world.mx)}/resume"))[0] == 403  # a liaison officer
    officer = await console.signed_in("officer")
    seen = seen_in((await officer.get(path_of(world.mx))).text)
    status, text = await post(officer, f"{path_of(world.mx)}/resume", seen=seen, article="none")
    assert status == 400
    status, text = await post(officer, f"{path_of(world.mx)}/resume", seen=seen, article="")
    assert (status, "Suspended by" in text) == (200, False)


async def test_only_the_scope_counts_and_is_suspended(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    await world.mx.send(world.us, world.cn)
    browser = await console.signed_in("officer")
    path = f"{path_of(world.mx)}/suspend"
    way = "mx-prosecutor:us-justice"
    query = f"reason=leak&article=money-laundering&direction={way}"
    text = text_of((await browser.get(f"{path}?{query}")).text)
    assert "us-justice 1 0 On their way" in text
    for odd in (
        "reason=why",
        "reason=leak&article=x",
        "reason=leak&article=money-laundering&direction=a",
    ):
        assert (await browser.get(f"{path}?{odd}")).status_code in (400, 403, 404), odd
    lacking = await browser.get(f"{path}?reason=leak&direction={way}")
    assert "choose the article above" in text_of(lacking.text)
    assert "Type " not in text_of(lacking.text)
    _, text = await post(
        browser,
        path,
        reason="leak",
        in_flight="return",
        originated="freeze",
        article="money-laundering",
        direction=way,
        typed=f"{NAME} money-laundering {way}",
    )
    assert "article money-laundering from mx-prosecutor to us-justice" in text
    assert "Partners may not open earlier packets until resumption" in text


async def test_a_suspension_holds_without_the_exchange(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = await console.signed_in("officer")
    unreachable(world.mx)
    path = f"{path_of(world.mx)}/suspend"
    status, text = await post(
        browser, path, reason="breach", in_flight="hold", originated="keep", typed=NAME
    )
    assert (status, "The node sends this as soon as it can." in text) == (200, True)
    assert "In force here only: the exchange has not accepted it yet." in text


async def test_an_end_is_permanent_and_takes_the_typed_name(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = await console.signed_in("officer")
    path = f"{path_of(world.mx)}/end"
    page = await browser.get(f"{path}?reason=legal")
    assert "they are never issued anew" in text_of(page.text)
    values = {"reason": "legal", "in_flight": "hold", "originated": "keep"}
    assert (await post(browser, path, **values, typed="x"))[0] == 400
    status, text = await post(browser, path, **values, typed=NAME)
    assert (status, "Ended by mx-prosecutor" in text) == (200, True)
    assert "Resume" not in text


async def test_the_proof_of_a_suspension_is_a_picture_and_a_table(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = await console.signed_in("auditor")
    path = f"{path_of(world.mx)}/silence"
    assert "This agreement was never suspended." in (await browser.get(path)).text
    await world.mx.send(world.us)
    await world.settle(rounds=3)
    await suspend(world.us)
    await world.settle(rounds=3)
    page = await browser.get(path)
    assert "Goes on" in text_of(page.text)
    await resume(world.us)
    await world.settle(rounds=3)
    page = await browser.get(path)
    text = text_of(page.text)
    assert "Proved: no packet passed" in text
    gaps = world.mx.node.suspensions.gaps(world.mx.node.agreements.by_name(NAME))
    assert len(re.findall(r'class="track proved"', page.text)) == sum(g.proved for g in gaps) > 0
    assert " style=" not in page.text
    starts = [float(x) for x in re.findall(r'class="quiet" x="([\d.]+)"', page.text)]
    assert all(230 <= each <= 936 for each in starts)


async def test_publishing_again_changes_nothing_that_is_there(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = await console.signed_in("officer")
    status, text = await post(browser, f"{path_of(world.mx)}/publish")
    assert (status, "The exchange has every version of this agreement." in text) == (200, True)


async def test_a_proposal_is_a_task_that_leads_to_it(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    us = world.us.node
    proposed = await us.proposals.propose(us.proposals.draft(new_terms()))
    await world.settle(rounds=1)
    page = await (await console.signed_in("officer")).get("/to-do")
    assert f'href="/proposals/{proposed.hex()}"' in page.text
