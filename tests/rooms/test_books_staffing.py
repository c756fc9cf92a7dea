"""Log-ins as administrators keep them: one transaction with its audit row, unique codes, and never nobody in charge."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from books_town import NOW
from sqlalchemy import Connection, inspect, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from storage import staffing
from storage.books import Books
from storage.errors import LastAdministrator, NotInBooks, StorageError, Taken
from storage.migrations import r0007_staff
from storage.people import Login, Role, Shift

pytest_plugins = ("books_fixture",)

AGENT = Login(
    "a17",
    "$argon2id$one",
    frozenset({Role.AGENT}),
    agent="A17",
    company="PV",
    languages=("hi",),
    vendor="<b>A</b>",
    shift=Shift("22:00", "06:00", (1, 2, 6)),
)
CHIEF = Login("z01", "$argon2id$one", frozenset({Role.ADMINISTRATOR}))
DEPUTY = replace(CHIEF, name="z02")
BY = ("administrator:z01", NOW)


def all_is_allowed(before: Login, after: Login) -> None:
    """No rule of the console stands in the way."""


async def change(books: Books, name: str, **changes: object) -> staffing.Changed:
    return await books.staffing.change(name, changes, *BY, all_is_allowed)


async def session(books: Books, name: str) -> None:
    await books.people.create_session(name, f"digest-{name}", NOW + timedelta(hours=12))


async def in_session(books: Books, name: str) -> bool:
    return await books.people.session(f"digest-{name}", NOW) is not None


async def test_a_new_login_is_kept_with_who_made_it(books: Books) -> None:
    await books.staffing.add(AGENT, *BY)
    assert await books.people.login("a17") == AGENT
    [row] = await books.people.audit_rows("login:a17")
    assert (row.actor, row.deed, row.at) == ("administrator:z01", "add_person", NOW)
    assert (row.detail["roles"], row.detail["vendor"]) == ("agent", "<b>A</b>")
    assert row.detail["shift"] == "22:00-06:00 1 2 6"
    assert "argon2id" not in str(row), "a password is never told, not even its hash"


@pytest.mark.parametrize(
    ("what", "same"),
    [
        ("name", {"name": "a17", "agent": "A18"}),
        ("agent", {"name": "x", "agent": "A17"}),
        ("officer", {"name": "x", "officer": "J09", "agent": "A18"}),
    ],
)
async def test_a_name_or_a_code_that_is_taken_is_refused_and_nothing_is_kept(books, what, same) -> None:
    await books.staffing.add(replace(AGENT, officer="J09"), *BY)
    with pytest.raises(Taken) as refused:
        await books.staffing.add(replace(AGENT, **{"officer": None, **same}), *BY)
    assert refused.value.what == what
    assert len(await books.people.logins()) == len(await books.people.audit_rows()) == 1


async def test_a_code_cannot_be_changed_into_one_that_is_taken(books: Books) -> None:
    await books.staffing.add(AGENT, *BY)
    await books.staffing.add(replace(AGENT, name="a18", agent="A18"), *BY)
    with pytest.raises(Taken):
        await change(books, "a18", agent="A17")
    assert (await books.people.login("a18")).agent == "A18"


async def test_many_log_ins_have_no_code_at_all(books: Books) -> None:
    for login in (CHIEF, DEPUTY):
        await books.staffing.add(login, *BY)
    assert len(await books.people.logins()) == 2


async def test_what_he_may_do_ends_his_sessions_and_the_audit_tells_before_and_after(books: Books) -> None:
    await books.staffing.add(AGENT, *BY)
    await session(books, "a17")
    done = await change(books, "a17", roles=frozenset({Role.AGENT, Role.SUPERVISOR}), languages=("hi",))
    assert done.ended
    assert not await in_session(books, "a17")
    row = (await books.people.audit_rows("login:a17"))[0]
    assert row.deed == "change_person"
    assert row.detail == {"roles_before": "agent", "roles_after": "agent supervisor"}


@pytest.mark.parametrize(
    "changes",
    [
        {"languages": ("hi", "ur")},
        {"categories": ("BILL",)},
        {"vendor": None},
        {"shift": Shift("09:00", "17:00", (1,))},
    ],
)
async def test_skills_vendor_and_shift_end_no_session(books: Books, changes) -> None:
    await books.staffing.add(AGENT, *BY)
    await session(books, "a17")
    done = await change(books, "a17", **changes)
    assert not done.ended
    assert done.after == await books.people.login("a17") == replace(AGENT, **changes)
    assert await in_session(books, "a17")
    assert len(await books.people.audit_rows("login:a17")) == 2


async def test_a_change_that_changes_nothing_is_not_in_the_audit(books: Books) -> None:
    await books.staffing.add(AGENT, *BY)
    await session(books, "a17")
    assert not (await change(books, "a17", roles=AGENT.roles, vendor=AGENT.vendor)).ended
    assert await in_session(books, "a17")
    assert len(await books.people.audit_rows("login:a17")) == 1


async def test_what_the_console_does_not_allow_leaves_everything_as_it_was(books: Books) -> None:
    await books.staffing.add(AGENT, *BY)
    seen = []

    def no(before: Login, after: Login) -> None:
        seen.append((before.vendor, after.vendor))
        raise LookupError

    with pytest.raises(LookupError):
        await books.staffing.change("a17", {"vendor": "B"}, *BY, no)
    assert seen == [("<b>A</b>", "B")]
    assert await books.people.login("a17") == AGENT


DEEDS = {
    "change": lambda books: change(books, "a17", vendor="B"),
    "add": lambda books: books.staffing.add(CHIEF, *BY),
    "password": lambda books: books.staffing.set_password("a17", "$argon2id$two", *BY),
    "flags": lambda books: books.consumers.change_flags("1000000018", ["senior"], [], "his card", *BY),
}


@pytest.mark.parametrize("deed", DEEDS)
async def test_without_its_audit_row_there_is_no_change(town: Books, monkeypatch, deed: str) -> None:
    await town.staffing.add(AGENT, *BY)

    def fails(*_: object) -> None:
        raise RuntimeError("no audit today")

    for place in ("storage.staffing", "storage.consumers"):
        monkeypatch.setattr(f"{place}.write_audit", fails)
    before = await town.consumers.by_number("1000000018")
    with pytest.raises(RuntimeError):
        await DEEDS[deed](town)
    assert await town.people.logins() == [AGENT]
    assert await town.consumers.by_number("1000000018") == before


async def test_a_new_password_ends_the_sessions_and_forgets_wrong_tries(books: Books) -> None:
    await books.staffing.add(AGENT, *BY)
    await session(books, "a17")
    await books.people.note_failure("a17", NOW)
    await books.staffing.set_password("a17", "$argon2id$two", *BY)
    assert await books.people.login("a17") == replace(AGENT, password_hash="$argon2id$two")
    assert not await in_session(books, "a17")
    row = (await books.people.audit_rows("login:a17"))[0]
    assert (row.deed, row.detail) == ("set_password", {})


async def test_nobody_unknown_is_changed(books: Books) -> None:
    with pytest.raises(NotInBooks):
        await change(books, "nobody", vendor="B")
    with pytest.raises(NotInBooks):
        await books.staffing.set_password("nobody", "$argon2id$two", *BY)
    assert await books.people.audit_rows() == []


@pytest.mark.parametrize("changes", [{"roles": frozenset({Role.AUDITOR})}, {"active": False}])
async def test_the_last_administrator_stays(books: Books, changes) -> None:
    await books.staffing.add(CHIEF, *BY)
    await books.staffing.add(replace(DEPUTY, active=False), *BY)
    with pytest.raises(LastAdministrator):
        await change(books, "z01", **changes)
    assert await books.people.login("z01") == CHIEF
    await change(books, "z02", active=True)
    await change(books, "z01", **changes)


async def test_two_administrators_cannot_take_the_role_from_each_other_at_once(books: Books, books_url: str) -> None:
    for login in (CHIEF, DEPUTY):
        await books.staffing.add(login, *BY)
    other = Books(books_url)
    auditor = {"roles": frozenset({Role.AUDITOR})}
    both = (
        books.staffing.change("z02", auditor, *BY, all_is_allowed),
        other.staffing.change("z01", auditor, "administrator:z02", NOW, all_is_allowed),
    )
    told = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(one).__name__ for one in told) == ["Changed", "LastAdministrator"]
    await other.close()


async def test_whoever_comes_second_waits_for_the_first_and_sees_what_is_left(server_url: str) -> None:
    """In PostgreSQL they truly run at once: the first has not committed when the second looks."""
    books = Books(server_url)
    for login in (CHIEF, DEPUTY):
        await books.staffing.add(login, *BY)
    engine = create_async_engine(make_url(server_url).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    async with engine.connect() as first:
        await first.execute(text("""UPDATE logins SET roles = '["auditor"]' WHERE name = 'z01'"""))
        second = asyncio.create_task(change(books, "z02", active=False))
        waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        async with asyncio.timeout(4):
            while not second.done() and not (await first.execute(waiting)).scalar_one():  # noqa: ASYNC110 - it happens in PostgreSQL
                await asyncio.sleep(0.02)
        await first.commit()
    with pytest.raises(LastAdministrator):
        await second
    await engine.dispose()
    await books.close()


async def test_vendors_are_told_by_the_agents_code(books: Books) -> None:
    await books.staffing.add(AGENT, *BY)
    await books.staffing.add(replace(CHIEF, vendor="no agent"), *BY)
    await books.staffing.add(replace(AGENT, name="a18", agent="A18", vendor=None), *BY)
    assert await books.people.vendors() == {"A17": "<b>A</b>"}


async def test_flags_change_with_their_reason_before_and_after(town: Books) -> None:
    after = await town.consumers.change_flags("1000000018", ["slow_mode", "senior"], ["hospital"], "his card", *BY)
    assert after == await town.consumers.by_number("1000000018")
    assert after.flags == ("senior", "slow_mode")
    [row] = await town.people.audit_rows("consumer:1000000018")
    assert (row.actor, row.deed) == ("administrator:z01", "change_flags")
    assert row.detail == {"before": "hospital", "after": "senior slow_mode", "reason": "his card"}
    await town.consumers.change_flags("1000000018", ["senior"], ["disabled"], "once more", *BY)
    assert len(await town.people.audit_rows("consumer:1000000018")) == 1, "nothing changed, nothing is written"
    with pytest.raises(NotInBooks):
        await town.consumers.change_flags("1000000999", ["senior"], [], "nobody", *BY)


async def test_the_next_call_of_this_consumer_finds_the_new_flags(town: Books) -> None:
    """The controller asks another way (`callers.py`, read together): nothing of it is kept between two calls."""
    phone = "+915000012345"
    before = await town.callers.by_phone(phone, "PV", NOW)
    await town.consumers.change_flags("1000000018", ["slow_mode"], [], "asked for it", *BY)
    after = await town.callers.by_phone(phone, "PV", NOW)
    assert ["slow_mode" in one.flags for one in before.consumers] == [False, False]
    assert ["slow_mode" in one.flags for one in after.consumers] == [True, False]


# --- the migration ---


async def run(books: Books, step) -> None:
    def within(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            step()

    await books.transactions.write(within)


async def columns(books: Books) -> set[str]:
    return await books.transactions.read(lambda c: {one["name"] for one in inspect(c).get_columns("logins")})


async def test_the_migration_goes_down_and_up_again_and_keeps_who_is_there(books: Books) -> None:
    await books.staffing.add(AGENT, *BY)
    await run(books, r0007_staff.downgrade)
    assert await columns(books) & {"vendor", "shift"} == set()
    await run(books, r0007_staff.upgrade)
    assert await books.people.login("a17") == replace(AGENT, vendor=None, shift=None)
    with pytest.raises(Taken):
        await books.staffing.add(replace(AGENT, name="a18"), *BY)


async def test_books_in_which_two_log_ins_share_a_code_are_told_so_and_stay_as_they_are(books: Books) -> None:
    await run(books, r0007_staff.downgrade)
    row = "INSERT INTO logins VALUES (:n, 'x', '[]', 'A17', :o, NULL, NULL, '[]', '[]', true, 0, NULL)"
    for name, officer in (("a17", None), ("a18", "J09")):
        await books.transactions.write(lambda c, n=name, o=officer: c.execute(text(row), {"n": n, "o": o}) and None)
    with pytest.raises(StorageError, match=r"the same agent's code \(A17\)"):
        await run(books, r0007_staff.upgrade)
    assert await columns(books) & {"vendor", "shift"} == set()
