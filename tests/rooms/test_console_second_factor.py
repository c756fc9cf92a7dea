"""The second factor over HTTP: begun, confirmed, asked for at every log-in, lost, removed, taken away."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from test_console_house import LOGINS, PASSWORD, opened_at, seed_books_at

from agent_console.plan import CONSOLE
from agent_console.second_factor import code_of, step_at
from dialplan.routing import Waiting
from storage.commands import Answer
from storage.people import Login, Role

pytest_plugins = ("books_fixture", "redis_fixture", "test_console_house")

WRONG = {"error": "Name or password is wrong.", "field": None}


class Telephone:
    """The app on the person's telephone: it knows the true time and the secret that was entered."""

    def __init__(self, house):
        self._now = datetime(2026, 11, 23, 10, tzinfo=UTC)
        self.secret = ""
        house.clock.true_now = lambda: self._now

    def code(self, away: int = 0) -> str:
        return code_of(self.secret, step_at(self._now) + away)

    def next_code(self) -> str:
        """After waiting until the app shows another."""
        self._now += timedelta(seconds=30)
        return self.code()

    def wrong_code(self) -> str:
        """None of those that count now or soon."""
        near = {self.code(away) for away in range(-3, 12)}
        return next(code for code in map("{:06}".format, range(100)) if code not in near)


@pytest.fixture
def telephone(house):
    return Telephone(house)


@pytest.fixture(params=["sqlite", "postgresql"])
def seeded_url(request, tmp_path):
    """The console's books, in either kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("seeded_books"), tmp_path / "books.db")
        return f"sqlite:///{tmp_path / 'books.db'}"
    url = request.getfixturevalue("server_url")
    asyncio.run(seed_books_at(url))
    return url


@pytest.fixture
async def house(seeded_url, tmp_path, redis_server, prefix):
    async with opened_at(seeded_url, tmp_path, redis_server, prefix) as house:
        yield house


async def switch_on(page, telephone) -> list[str]:
    """The recovery codes."""
    status, begun = await page.post("/api/second_factor/begin", {"password": PASSWORD})
    assert status == 200, begun
    telephone.secret = begun["secret"]
    status, said = await page.post("/api/second_factor/confirm", {"code": telephone.code()})
    assert status == 200, said
    return said["recovery_codes"]


async def log_in(page, name: str, code: str | None = None, password: str = PASSWORD):
    """Status and answer; the page is then this person's."""
    status, said = await page.post("/api/login", {"name": name, "password": password, "code": code})
    if status == 200:
        page.said = said
    return status, said


@pytest.mark.parametrize("name", ["j09", "a17", "vigilance", "admin"])
async def test_from_switching_on_to_removing_whatever_the_role(house, telephone, name):
    page = await house.enter(name)
    assert await page.get("/api/second_factor") == (200, {"on": False, "recovery_codes_left": 0})
    codes = await switch_on(page, telephone)
    assert len(set(codes)) == 10
    assert await page.get("/api/second_factor") == (200, {"on": True, "recovery_codes_left": 10})

    await page.post("/api/logout")
    status, said = await log_in(page, name)
    assert (status, said["field"]) == (401, "code")
    assert (await page.get("/api/me"))[0] == 401
    assert (await log_in(page, name, telephone.next_code()))[0] == 200
    assert (await page.get("/api/me"))[0] == 200

    wanted = {"password": PASSWORD, "code": telephone.next_code()}
    assert await page.post("/api/second_factor/remove", wanted) == (200, {"ok": True})
    assert (await log_in(house.page(), name))[0] == 200
    actor = (await house.audit(f"login:{name}"))[0][0]
    assert [deed for _, deed in await house.audit(f"login:{name}")] == [
        "log_in",
        "second_factor:on",
        "log_out",
        "log_in",
        "second_factor:off",
        "log_in",
    ]
    assert {who for who, _ in await house.audit(f"login:{name}")} == {actor}


async def test_before_the_password_is_right_nothing_tells_that_there_is_a_second_factor(house, telephone):
    await switch_on(await house.enter("j09"), telephone)
    for code in (None, telephone.next_code(), telephone.wrong_code()):
        assert await log_in(house.page(), "j09", code, password="wrong") == (401, WRONG)
    assert (await log_in(house.page(), "j09", telephone.code()))[0] == 200, "a code is not used up by a wrong password"


async def test_a_code_opens_once_and_only_while_it_is_near(house, telephone):
    await switch_on(await house.enter("j09"), telephone)
    status, said = await log_in(house.page(), "j09", telephone.code())
    assert (status, said["field"]) == (401, "code"), "the code that switched it on has been used"
    code = telephone.next_code()
    assert (await log_in(house.page(), "j09", code))[0] == 200
    assert (await log_in(house.page(), "j09", code))[0] == 401
    assert (await log_in(house.page(), "j09", telephone.code(2)))[0] == 401
    assert (await log_in(house.page(), "j09", telephone.code(1)))[0] == 200


async def test_what_is_only_begun_asks_for_nothing_and_is_not_confirmed_by_a_wrong_code(house, telephone):
    page = await house.enter("j09")
    status, said = await page.post("/api/second_factor/confirm", {"code": "123456"})
    assert status == 409
    _, begun = await page.post("/api/second_factor/begin", {"password": PASSWORD})
    telephone.secret = begun["secret"]
    assert begun["uri"].startswith(f"otpauth://totp/Sunwai:j09?secret={begun['secret']}&issuer=Sunwai")
    status, said = await page.post("/api/second_factor/confirm", {"code": telephone.wrong_code()})
    assert (status, said["field"]) == (400, "code")
    assert (await log_in(house.page(), "j09"))[0] == 200
    _, anew = await page.post("/api/second_factor/begin", {"password": PASSWORD})
    assert anew["secret"] != begun["secret"]
    assert (await page.post("/api/second_factor/confirm", {"code": telephone.code()}))[0] == 400
    telephone.secret = anew["secret"]
    assert (await page.post("/api/second_factor/confirm", {"code": telephone.code()}))[0] == 200
    assert (await page.post("/api/second_factor/begin", {"password": PASSWORD}))[0] == 409


async def test_five_wrong_codes_lock_the_log_in_like_wrong_passwords(house, telephone):
    await switch_on(await house.enter("j09"), telephone)
    for _ in range(5):
        status, said = await log_in(house.page(), "j09", telephone.wrong_code())
        assert (status, said["field"]) == (401, "code")
        assert (await log_in(house.page(), "j09"))[0] in (401, 429), "the password alone ends no count"
    assert (await log_in(house.page(), "j09", telephone.next_code()))[0] == 429
    deeds = [deed for _, deed in await house.audit("login:j09")]
    assert deeds.count("wrong_code") == 5
    house.clock.jump(61)
    assert (await log_in(house.page(), "j09", telephone.code()))[0] == 200
    assert (await house.books.people.login("j09")).failures == 0


async def test_an_address_that_only_guesses_codes_is_told_to_wait(house, telephone):
    await switch_on(await house.enter("j09"), telephone)
    for _ in range(20):
        assert (await log_in(house.page(), "j09", telephone.wrong_code()))[0] == 401
        house.clock.jump(16 * 60)
    assert (await log_in(house.page(), "j09", telephone.next_code()))[0] == 429


async def test_a_code_is_not_tried_when_the_log_in_was_locked_while_its_password_was(house, telephone, monkeypatch):
    """Attempts side by side all see the count of before; the codes of all of them would be tried."""
    await switch_on(await house.enter("j09"), telephone)
    passwords = house.server.app[CONSOLE].passwords
    fits = passwords.fits

    async def slowly(*given):
        for _ in range(5):
            await house.books.people.note_failure("j09", house.now)
        return await fits(*given)

    monkeypatch.setattr(passwords, "fits", slowly)
    assert (await log_in(house.page(), "j09", telephone.next_code()))[0] == 429


async def test_a_recovery_code_stands_for_a_code_once_and_however_it_is_typed(house, telephone):
    first, second, *_ = await switch_on(await house.enter("j09"), telephone)
    page = house.page()
    assert (await log_in(page, "j09", first.lower().replace("-", " ")))[0] == 200
    assert (await page.get("/api/second_factor"))[1]["recovery_codes_left"] == 9
    status, said = await log_in(house.page(), "j09", first)
    assert (status, said["field"]) == (401, "code")
    [row] = [row for row in await house.books.people.audit_rows("login:j09") if row.detail]
    assert (row.deed, row.detail) == ("log_in", {"second_factor": "recovery_code"})
    wanted = {"password": PASSWORD, "code": second}
    assert (await page.post("/api/second_factor/remove", wanted))[0] == 200


async def test_switching_it_on_ends_ones_other_sessions_and_their_pages(house, telephone):
    here, elsewhere = await house.enter("boss"), await house.enter("boss")
    async with (
        here.http.ws_connect(here.root + "/ws") as kept,
        elsewhere.http.ws_connect(elsewhere.root + "/ws") as page,
    ):
        for one in (kept, page):
            assert (await one.receive_json())["type"] == "snapshot"
        await switch_on(here, telephone)
        assert await _end_of(page) == {"type": "end", "reason": "session"}
        await house.floor.enqueue(Waiting("n1-1", 1.0, frozenset(), house.epoch, 3), house.plan.node)
        async for frame in kept:
            if frame.json()["type"] == "end" or frame.json().get("waiting"):
                break
        assert frame.json()["type"] == "queue", "the page at which it was switched on goes on"
    assert (await elsewhere.get("/api/me"))[0] == 401
    assert (await here.get("/api/me"))[0] == 200


@pytest.mark.parametrize(("wrong", "field"), [({"password": "wrong"}, "password"), ({"code": "000000"}, "code")])
async def test_removing_needs_password_and_code_and_what_is_wrong_counts(house, telephone, wrong, field):
    page = await house.enter("j09")
    await switch_on(page, telephone)
    right = {"password": PASSWORD, "code": telephone.next_code()}
    if field == "code":
        wrong = {"code": telephone.wrong_code()}
    for _ in range(5):
        status, said = await page.post("/api/second_factor/remove", right | wrong)
        assert (status, said["field"]) == (400, field)
    assert (await page.post("/api/second_factor/remove", right))[0] == 429
    assert [deed for _, deed in await house.audit("login:j09")].count(f"wrong_{field}") == 5
    assert (await page.get("/api/second_factor"))[1]["on"] is True
    house.clock.jump(61)
    assert (await page.post("/api/second_factor/remove", right))[0] == 200


async def test_beginning_needs_the_password_for_whoever_is_at_a_page_left_open(house):
    page = await house.enter("j09")
    status, said = await page.post("/api/second_factor/begin", {"password": "wrong"})
    assert (status, said) == (400, {"error": "The password is wrong.", "field": "password"})
    assert await house.books.second_factors.of("j09") is None
    assert (await house.books.people.login("j09")).failures == 1


async def test_an_administrator_takes_it_away_with_a_reason_and_every_session_ends(house, telephone, controller):
    controller.answers["forget_phone"] = lambda _: Answer(ok=True)
    page, admin = await house.enter("a17"), await house.enter("admin")
    await switch_on(page, telephone)
    await page.get("/api/agent")
    path = "/api/logins/a17/second_factor/take_away"
    async with page.http.ws_connect(page.root + "/ws") as open_page:
        assert (await admin.post(path, {}))[0] == 400
        assert await admin.post(path, {"reason": "telephone lost"}) == (200, {"ok": True})
        assert await _end_of(open_page) == {"type": "end", "reason": "session"}
    assert (await page.get("/api/me"))[0] == 401
    assert (await house.floor.agent("A17")) is None
    assert [command.args for command in controller.asked] == [{"agent": "A17"}]
    latest = (await house.books.people.audit_rows("login:a17"))[0]
    assert (latest.actor, latest.deed, latest.detail) == (
        "administrator:admin",
        "second_factor:taken_away",
        {"reason": "telephone lost"},
    )
    assert (await log_in(house.page(), "a17"))[0] == 200
    assert (await admin.post(path, {"reason": "telephone lost"}))[0] == 409


async def test_who_may_not_take_it_away_is_refused_and_audited(house, telephone):
    await switch_on(await house.enter("j09"), telephone)
    reason = {"reason": "telephone lost"}
    for name in ("boss", "a17", "j20", "vigilance"):
        page = await house.enter(name)
        assert (await page.post("/api/logins/j09/second_factor/take_away", reason))[0] == 403
    assert ("supervisor:boss", "refused:take_second_factor") in await house.audit("login:j09")
    assert (await log_in(house.page(), "j09"))[0] == 401


async def test_an_administrator_sees_no_other_companys_log_ins_and_not_his_own_this_way(house, telephone):
    local = Login("local", LOGINS[0].password_hash, frozenset({Role.ADMINISTRATOR}), company="OTHER")
    await house.books.people.add(local)
    await switch_on(await house.enter("j09"), telephone)
    admin = await house.enter("local")
    await switch_on(admin, telephone)
    reason = {"reason": "telephone lost"}
    for name, status in (("j09", 404), ("nobody", 404), ("local", 409), ("stranger", 409)):
        assert (await admin.post(f"/api/logins/{name}/second_factor/take_away", reason))[0] == status, name
    for name in ("j09", "local"):
        assert (await house.books.second_factors.of(name)).confirmed


async def _end_of(page: aiohttp.ClientWebSocketResponse) -> dict[str, str]:
    """What the page was told last; AssertionError when it is not closed within seconds."""
    said = {}
    async for frame in page:
        if frame.type is not aiohttp.WSMsgType.TEXT:
            break
        said = {name: value for name, value in frame.json().items() if name in ("type", "reason")}
    return said
