"""The second factor in the books: codes and recovery codes count once, also for two who come at the same time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from books_town import NOW
from sqlalchemy import Connection, inspect
from test_books_people import AGENT

from storage.books import Books
from storage.columns import METADATA
from storage.errors import NotInBooks
from storage.migrations import r0006_second_factor
from storage.second_factors import SecondFactor

pytest_plugins = ("books_fixture",)

SECRET, OTHER = "A" * 32, "B" * 32
STEP = 59_000_000


async def switched_on(books: Books, session: str = "mine") -> None:
    await books.people.add(AGENT)
    assert await books.second_factors.begin("a17", SECRET)
    assert await confirmed(books, SECRET, session)


async def confirmed(books: Books, secret: str, session: str = "mine") -> bool:
    return await books.second_factors.confirm(
        "a17", secret, STEP, ["d1", "d2"], session=session, by="agent:A17", at=NOW
    )


async def test_only_the_secret_begun_last_can_be_confirmed_and_then_none_is_begun(books: Books) -> None:
    await books.people.add(AGENT)
    assert await books.second_factors.of("a17") is None
    assert not await confirmed(books, SECRET)
    assert await books.second_factors.begin("a17", SECRET)
    assert await books.second_factors.begin("a17", OTHER)
    assert await books.second_factors.of("a17") == SecondFactor(OTHER, False, 0, 0)
    assert not await confirmed(books, SECRET)
    assert await confirmed(books, OTHER)
    assert await books.second_factors.of("a17") == SecondFactor(OTHER, True, STEP, 2)
    assert not await books.second_factors.begin("a17", SECRET)
    assert not await confirmed(books, OTHER)
    assert await books.second_factors.of("a17") == SecondFactor(OTHER, True, STEP, 2)
    with pytest.raises(NotInBooks):
        await books.second_factors.begin("nobody", SECRET)


async def test_confirming_ends_the_other_sessions_and_is_audited(books: Books) -> None:
    await books.people.add(AGENT)
    for digest in ("mine", "other"):
        await books.people.create_session("a17", digest, NOW + timedelta(hours=12))
    await books.second_factors.begin("a17", SECRET)
    assert await confirmed(books, SECRET, "mine")
    assert await books.people.session("mine", NOW) is not None
    assert await books.people.session("other", NOW) is None
    [row] = await books.people.audit_rows("login:a17")
    assert (row.actor, row.deed, row.detail) == ("agent:A17", "second_factor:on", {})


async def test_a_step_counts_once_and_none_before_it(books: Books) -> None:
    await switched_on(books)
    take = books.second_factors.take_step
    assert [await take("a17", STEP + more) for more in (0, -1, 2, 1, 2, 3)] == [False, False, True, False, False, True]
    together = await asyncio.gather(*[take("a17", STEP + 9) for _ in range(6)])
    assert together.count(True) == 1
    assert not await take("nobody", STEP)


async def test_a_step_of_what_is_only_begun_does_not_count(books: Books) -> None:
    await books.people.add(AGENT)
    await books.second_factors.begin("a17", SECRET)
    assert not await books.second_factors.take_step("a17", STEP)


async def test_a_recovery_code_counts_once(books: Books) -> None:
    await switched_on(books)
    take = books.second_factors.take_recovery_code
    assert not await take("a17", "d3", NOW)
    assert not await take("nobody", "d1", NOW)
    together = await asyncio.gather(*[take("a17", "d1", NOW) for _ in range(6)])
    assert together.count(True) == 1
    found = await books.second_factors.of("a17")
    assert found is not None
    assert found.recovery_codes_left == 1


@pytest.mark.parametrize("by_another", [False, True])
async def test_what_is_removed_leaves_nothing_but_its_row_in_the_audit(books: Books, by_another: bool) -> None:
    await books.people.add(AGENT)
    await books.second_factors.begin("a17", SECRET)
    assert not await remove(books, by_another), "what is only begun is not on"
    await confirmed(books, SECRET)
    await books.people.create_session("a17", "mine", NOW + timedelta(hours=12))
    assert await remove(books, by_another)
    assert not await remove(books, by_another)
    assert await books.second_factors.of("a17") is None
    assert not await books.second_factors.take_recovery_code("a17", "d2", NOW)
    assert (await books.people.session("mine", NOW) is None) == by_another
    [latest, _] = await books.people.audit_rows("login:a17")
    kept = ("administrator:Z01", "second_factor:taken_away", {"reason": "telephone lost"})
    assert (latest.actor, latest.deed, latest.detail) == (
        kept if by_another else ("agent:A17", "second_factor:off", {})
    )


async def remove(books: Books, by_another: bool) -> bool:
    if by_another:
        by, reason = "administrator:Z01", "telephone lost"
        return await books.second_factors.take_away("a17", by=by, at=NOW, reason=reason)
    return await books.second_factors.switch_off("a17", by="agent:A17", at=NOW)


async def test_the_migration_goes_down_and_up_again(books: Books) -> None:
    def down_and_up(connection: Connection) -> tuple[set[str], list[object]]:
        context = MigrationContext.configure(connection)
        with Operations.context(context):
            r0006_second_factor.downgrade()
            left = set(inspect(connection).get_table_names())
            r0006_second_factor.upgrade()
        return left, compare_metadata(context, METADATA)

    left, differences = await books.transactions.write(down_and_up)
    assert "logins" in left
    assert not left & {"second_factors", "recovery_codes"}
    assert differences == []
