"""The satisfaction register only grows, shows every later change, and still lets a person's number be erased (I6)."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from books_town import NOW, attempt, docket, found_town, registration, step
from sqlalchemy import text

from complaints.records import Docket, Origin, State, Verdict
from storage.books import Books
from storage.errors import StorageError
from storage.register_chain import verify_rows

pytest_plugins = ("books_fixture",)


async def asked(books: Books, number: str, tries: int = 1, **fields: object) -> Docket:
    """A docket with so many unanswered satisfaction attempts."""
    now = await books.dockets.apply(registration(docket(number, **fields)))
    for state in (State.RESOLUTION_CLAIMED, State.VERIFYING):
        now = await books.dockets.apply(step(now, replace(now, state=state, claims=1)))
    for nth in range(1, tries + 1):
        word = attempt(number, 1, nth, Verdict.NO_ANSWER, cause_code=19, duration_s=30, reason_recording=None)
        now = await books.dockets.apply(step(now, replace(now, attempts=nth), attempts=(word,)))
    return now


async def exported(books: Books, company: str = "PV", origin: Origin = Origin.LINE) -> list[dict[str, object]]:
    return [row async for row in books.register.export(company, origin=origin)]


async def test_an_export_verifies_without_the_books(town: Books) -> None:
    await asked(town, "10000010", 3)
    await asked(town, "10000028", 2)
    lines = [json.dumps(row) for row in await exported(town)]
    head = await town.register.head("PV")
    assert head is not None
    report = verify_rows([json.loads(line) for line in lines], [head])
    assert (report.ok, report.rows, report.erased) == (True, 5, 0)


async def test_any_change_to_an_export_is_found(town: Books) -> None:
    await asked(town, "10000010", 3)
    rows = await exported(town)
    head = await town.register.head("PV")
    assert head is not None
    for changed in ({"verdict": "satisfied"}, {"at": "2026-11-23T10:00:00.000001+00:00"}, {"dialled": "+915000000000"}):
        forged = [row | changed if row["n"] == 2 else row for row in rows]
        assert verify_rows(forged).first_bad == "PV/line#2"
    assert verify_rows([rows[0], rows[2]]).reason == "row 2 of the chain is missing"
    assert verify_rows(rows[:2]).ok
    assert not verify_rows(rows[:2], [head]).ok


async def test_probes_have_a_chain_of_their_own(town: Books) -> None:
    await asked(town, "10000010", 2)
    await asked(town, "10000028", 1, origin=Origin.PROBE)
    assert [row["chain"] for row in await exported(town)] == ["PV/line"] * 2
    probes = await exported(town, origin=Origin.PROBE)
    assert [(row["chain"], row["n"]) for row in probes] == [("PV/probe", 1)]
    assert verify_rows(probes + await exported(town)).rows == 3


async def test_erasure_takes_the_number_and_leaves_the_chain(town: Books) -> None:
    await asked(town, "10000010", 2)
    [first, _] = await town.register.rows("10000010")
    assert await town.register.erase(first, "administrator:AD1", NOW)
    assert not await town.register.erase(first, "administrator:AD1", NOW)
    rows = await exported(town)
    assert (rows[0]["dialled"], rows[0]["recording"], rows[0]["salt"]) == (None, None, None)
    report = verify_rows(rows)
    assert (report.ok, report.erased) == (True, 1)
    [erased, kept] = await town.register.rows("10000010")
    assert (erased.erased, erased.attempt.dialled, kept.erased) == (True, "", False)
    assert [row.deed for row in await town.people.audit_rows("docket:10000010")] == ["erase_register_row"]


async def test_attempts_at_the_same_time_make_one_chain(town: Books) -> None:
    numbers = [f"2000000{serial}" for serial in range(6)]
    await asyncio.gather(*(asked(town, number, 2) for number in numbers))
    report = verify_rows(await exported(town))
    assert (report.ok, report.rows) == (True, 12)


async def test_a_long_register_is_exported_whole(town: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.register._PAGE", 2)
    await asked(town, "10000010", 5)
    assert verify_rows(await exported(town)).rows == 5


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE timeline SET note = 'never happened'",
        "DELETE FROM timeline",
        "UPDATE register SET verdict = 'satisfied'",
        "UPDATE register SET dialled = '+915000000000'",
        "UPDATE register SET dialled = NULL, attempt = 7",
        "DELETE FROM register",
        "DELETE FROM audit",
        "UPDATE audit SET actor = 'nobody'",
    ],
)
async def test_the_books_themselves_refuse_to_rewrite_what_happened(town: Books, statement: str) -> None:
    await asked(town, "10000010", 1)
    await town.people.audit("agent:A17", "listen", "recording:n1-1.1", NOW)
    before = (await town.dockets.timeline("10000010"), await exported(town), await town.people.audit_rows())
    with pytest.raises(StorageError, match="only grows"):
        await town.transactions.write(lambda c: c.execute(text(statement)) and None)
    assert (await town.dockets.timeline("10000010"), await exported(town), await town.people.audit_rows()) == before


async def test_the_register_cannot_be_emptied_at_one_stroke(server_url: str) -> None:
    books = Books(server_url)  # SQLite knows no TRUNCATE
    await found_town(books)
    await asked(books, "10000010", 1)
    for table in ("register", "timeline", "audit"):
        with pytest.raises(StorageError, match="only grows"):
            await books.transactions.write(lambda c, table=table: c.execute(text(f"TRUNCATE {table}")) and None)
    assert len(await exported(books)) == 1
    await books.close()
