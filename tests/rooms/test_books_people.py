"""Log-ins, sessions that the server can end, and an audit that stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from books_town import NOW

from storage.books import Books
from storage.errors import NotInBooks
from storage.people import Login, Role

pytest_plugins = ("books_fixture",)

AGENT = Login(
    "a17",
    "$argon2id$one",
    frozenset({Role.AGENT, Role.SUPERVISOR}),
    agent="A17",
    company="PV",
    unit="vendor-A",
    languages=("hi", "ur"),
    categories=("BILL",),
)


async def test_a_login_comes_back_as_it_was_added(books: Books) -> None:
    await books.people.add(AGENT)
    assert await books.people.login("a17") == AGENT
    assert await books.people.login("a18") is None
    with pytest.raises(NotInBooks):
        await books.people.add(AGENT)
    assert await books.people.logins() == [AGENT]


async def test_a_session_is_valid_until_it_expires_or_is_revoked(books: Books) -> None:
    await books.people.add(AGENT)
    end = NOW + timedelta(hours=12)
    for digest in ("d1", "d2"):
        await books.people.create_session("a17", digest, end)
    found = await books.people.session("d1", NOW)
    assert found is not None
    assert (found.login, found.expires_at) == (AGENT, end)
    assert await books.people.session("unknown", NOW) is None
    assert await books.people.session("d1", end) is None
    await books.people.revoke("d1")
    assert await books.people.session("d1", NOW) is None
    assert await books.people.session("d2", NOW) is not None
    with pytest.raises(NotInBooks):
        await books.people.create_session("nobody", "d3", end)


@pytest.mark.parametrize("change", ["password", "switched off"])
async def test_a_changed_login_ends_its_sessions(books: Books, change: str) -> None:
    await books.people.add(AGENT)
    await books.people.create_session("a17", "d1", NOW + timedelta(hours=12))
    if change == "password":
        await books.people.set_password("a17", "$argon2id$two")
    else:
        await books.people.set_active("a17", active=False)
        await books.people.set_active("a17", active=True)
    assert await books.people.session("d1", NOW) is None
    with pytest.raises(NotInBooks):
        await books.people.set_password("nobody", "$argon2id$two")


async def test_a_login_switched_off_has_no_session(books: Books) -> None:
    await books.people.add(AGENT)
    await books.people.set_active("a17", active=False)
    await books.people.create_session("a17", "d1", NOW + timedelta(hours=12))
    assert await books.people.session("d1", NOW) is None


async def test_wrong_passwords_are_counted_until_a_right_one(books: Books) -> None:
    await books.people.add(AGENT)
    assert [await books.people.note_failure("a17", NOW) for _ in range(3)] == [1, 2, 3]
    assert await books.people.note_failure("nobody", NOW) == 0
    login = await books.people.login("a17")
    assert login is not None
    assert (login.failures, login.failed_at) == (3, NOW)
    await books.people.note_success("a17")
    assert await books.people.login("a17") == AGENT


async def test_the_audit_tells_who_did_what_latest_first(books: Books) -> None:
    for nth in range(3):
        moment = NOW + timedelta(minutes=nth)
        await books.people.audit("auditor:U2", "listen", f"recording:n1-{nth}", moment, {"seconds": nth})
    rows = await books.people.audit_rows(limit=2)
    assert [(row.subject, row.detail) for row in rows] == [
        ("recording:n1-2", {"seconds": 2}),
        ("recording:n1-1", {"seconds": 1}),
    ]
    [row] = await books.people.audit_rows("recording:n1-0")
    assert (row.actor, row.deed, row.at) == ("auditor:U2", "listen", NOW)
