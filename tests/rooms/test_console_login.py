"""The guarded door: who gets in, what a page must send, and that every refusal is remembered."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest
from test_console_house import PASSWORD

from agent_console.built import SOURCES
from agent_console.plan import CONSOLE

pytest_plugins = ("redis_fixture", "test_console_house")


async def test_the_right_password_opens_a_session_whose_token_no_script_can_read(house):
    page = house.page()
    async with page.http.post(page.root + "/api/login", json={"name": "a17", "password": PASSWORD}) as answer:
        cookie = answer.headers["Set-Cookie"]
        said = await answer.json()
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert (said["agent"], said["roles"]) == ("A17", ["agent"])
    assert (await page.get("/api/me"))[1]["csrf"] == said["csrf"]
    token = cookie.partition("=")[2].partition(";")[0]
    assert await house.books.people.session(token, house.now) is None, "the books must hold only the token's digest"


@pytest.mark.parametrize(("name", "password"), [("a17", "wrong"), ("nobody", PASSWORD), ("nobody", "wrong")])
async def test_a_wrong_name_and_a_wrong_password_are_told_in_the_same_words(house, name, password):
    status, said = await house.page().log_in(name, password)
    assert (status, said) == (401, {"error": "Name or password is wrong.", "field": None})


@pytest.mark.parametrize(
    ("accepted", "sentence"),
    [
        ("hi", "नाम या पासवर्ड गलत है।"),
        ("ur-PK,ur;q=0.9,en;q=0.5", "نام یا پاس ورڈ غلط ہے۔"),
        ("en", "Name or password is wrong."),
    ],
)
async def test_a_refusal_is_told_in_the_language_of_the_page(house, accepted, sentence):
    page = house.page()
    wrong = {"name": "a17", "password": "wrong"}
    headers = {"Accept-Language": accepted}
    async with page.http.post(page.root + "/api/login", json=wrong, headers=headers) as answer:
        assert (await answer.json())["error"] == sentence
    async with page.http.get(page.root + "/api/nothing", headers=headers) as answer:
        assert ((await answer.json())["error"] == "There is nothing here.") == (accepted == "en")


async def test_a_log_in_that_was_switched_off_does_not_open(house):
    await house.books.people.set_active("a17", active=False)
    assert (await house.page().log_in("a17"))[0] == 401


async def test_five_wrong_passwords_lock_the_log_in_for_a_while_even_for_the_right_one(house):
    page = house.page()
    for _ in range(5):
        assert (await page.log_in("a17", "wrong"))[0] == 401
    assert (await page.log_in("a17"))[0] == 429
    assert (await page.log_in("a18"))[0] == 200, "others are not locked out with him"
    house.clock.jump(61)
    assert (await page.log_in("a17"))[0] == 200
    assert (await house.books.people.login("a17")).failures == 0


async def test_an_address_that_only_guesses_is_told_to_wait(house):
    page = house.page()
    for number in range(20):
        assert (await page.log_in(f"guess{number}", "wrong"))[0] == 401
    async with page.http.post(page.root + "/api/login", json={"name": "a17", "password": PASSWORD}) as answer:
        assert answer.status == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 301


async def test_without_a_session_nothing_is_answered(house):
    page = house.page()
    for path in ("/api/me", "/api/agent", "/api/dockets", "/api/ledger", "/api/inbox", "/ws"):
        status, said = await page.get(path)
        assert (status, said["error"]) == (401, "Please log in.")


async def test_an_expired_session_is_told_so(house):
    page = await house.enter("a17")
    house.clock.jump(12 * 3600 + 1)
    assert (await page.get("/api/me"))[0] == 401


async def test_logging_out_ends_the_session_on_the_server_too(house):
    page = await house.enter("a17")
    cookies = {cookie.key: cookie.value for cookie in page.http.cookie_jar}
    assert (await page.post("/api/logout"))[0] == 200
    async with aiohttp.ClientSession(cookies=cookies, cookie_jar=aiohttp.CookieJar(unsafe=True)) as thief:
        thief.cookie_jar.update_cookies(cookies, house.server.make_url("/"))
        async with thief.get(page.root + "/api/me") as answer:
            assert answer.status == 401


@pytest.mark.parametrize("csrf", ["", "wrong"])
async def test_a_change_without_the_pages_own_word_is_refused_and_audited(house, csrf):
    page = await house.enter("a17")
    status, said = await page.post("/api/agent/state", {"state": "ready"}, csrf=csrf)
    assert status == 403
    assert "X-Sunwai-CSRF" in said["error"]
    assert ("agent:A17", "refused:be_agent") in await house.audit()
    assert await house.floor.agent("A17") is None


async def test_what_a_role_may_not_do_is_refused_and_audited(house):
    page = await house.enter("a17")
    for path in ("/api/ledger", "/api/agents"):
        assert (await page.get(path))[0] == 403
    assert (await page.get("/api/register/PV/verify"))[0] == 403
    refused = [deed for actor, deed in await house.audit() if actor == "agent:A17"]
    assert refused == ["log_in", "refused:see_ledger", "refused:see_agents", "refused:verify_register"]


async def test_a_wrong_password_is_audited_under_the_log_ins_own_name_only(house):
    page = house.page()
    await page.log_in("a17", "wrong")
    await page.log_in("my secret typed as name", "wrong")
    assert await house.audit() == [("agent:A17", "wrong_password")]


async def test_a_websocket_from_another_sites_page_is_refused(house):
    page = await house.enter("a17")
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await page.http.ws_connect(page.root + "/ws", headers={"Origin": "https://elsewhere.example"})
    assert refused.value.status == 403


async def test_an_unknown_field_is_refused_by_name(house):
    status, said = await house.page().post("/api/login", {"name": "a17", "password": PASSWORD, "role": "admin"})
    assert (status, said["field"]) == (400, "role")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "a17"}, "password"),
        ({"name": 17, "password": "x"}, "name"),
        ({"name": "", "password": "x"}, "name"),
        (["a17"], None),
    ],
)
async def test_a_body_that_does_not_fit_is_refused_with_its_field(house, body, field):
    status, said = await house.page().post("/api/login", body)
    assert (status, said["field"]) == (400, field)
    assert said["error"].endswith(".")


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"{not json", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"name=a17", "application/x-www-form-urlencoded", 415),
        (b'{"name": "' + b"x" * 70_000 + b'"}', "application/json", 413),
    ],
)
async def test_what_is_no_json_or_too_large_is_refused_in_the_one_shape(house, data, kind, status):
    page = house.page()
    async with page.http.post(page.root + "/api/login", data=data, headers={"Content-Type": kind}) as answer:
        said = await answer.json()
        assert (answer.status, set(said)) == (status, {"error", "field"})


async def test_unknown_paths_and_methods_answer_in_the_one_shape(house):
    page = await house.enter("boss")
    for status, said in (
        await page.get("/api/nothing"),
        await page.get("/api/dockets/1234"),
        await page.post("/api/ledger"),
    ):
        assert status in (404, 405)
        assert set(said) == {"error", "field"}


async def test_every_answer_forbids_foreign_scripts(house):
    page = house.page()
    for path in ("/", "/web/desk.js", "/api/me", "/nothing"):
        async with page.http.get(page.root + path) as answer:
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_books_that_are_away_are_told_as_a_pause_and_not_as_a_fault(house):
    page = await house.enter("a17")
    with _away(house.books.people):
        status, said = await page.get("/api/me")
    assert status == 503
    assert "try again" in said["error"]


async def test_many_log_ins_at_once_all_get_in(house):
    names = ("a17", "a18", "j09", "boss", "auditor", "vigilance")
    pages = await asyncio.gather(*(house.enter(name) for name in names))
    assert len({page.said["csrf"] for page in pages}) == len(names)


def test_the_pages_files_hold_no_script_style_or_address_of_their_own():
    html = (SOURCES / "index.html").read_text(encoding="utf-8")
    assert "style=" not in html
    assert "<style" not in html
    assert html.count("<script") == html.count('src="/web/')
    assert '"resolved"' not in (SOURCES / "package-lock.json").read_text(encoding="utf-8")
    for file in [*SOURCES.glob("*.html"), *SOURCES.glob("*.css"), *SOURCES.glob("src/**/*.ts*")]:
        assert "http://" not in file.read_text(encoding="utf-8").replace("http://www.w3.org", "")
        assert "https://" not in file.read_text(encoding="utf-8")
    keys = [
        set(json.loads((SOURCES / f"words.{name}.json").read_text(encoding="utf-8"))) for name in ("hi", "ur", "en")
    ]
    assert keys[0] == keys[1] == keys[2]


class _away:  # noqa: N801 - reads as a word in a `with`
    """The people shelf as it is when the books do not answer."""

    def __init__(self, people):
        self._people = people

    def __enter__(self):
        self._books = self._people._books
        self._people._books = self

    def __exit__(self, *_):
        self._people._books = self._books

    async def read(self, deed):
        from storage.errors import BooksAway  # noqa: PLC0415 - belongs to this double only

        raise BooksAway("the books did not answer within their limit")

    write = read


NEW = "another long one"


@pytest.mark.parametrize("name", ["a17", "j09", "vigilance", "admin"])
async def test_everybody_changes_his_own_password_and_his_other_pages_end(house, name):
    page, elsewhere = await house.enter(name), await house.enter(name)
    assert await page.post("/api/password", {"password": PASSWORD, "new_password": NEW}) == (200, {"ok": True})
    assert (await page.get("/api/me"))[0] == 200, "who changed it goes on working"
    assert (await elsewhere.get("/api/me"))[0] == 401
    assert (await house.page().log_in(name))[0] == 401
    assert (await house.page().log_in(name, NEW))[0] == 200
    assert "change_own_password" in [deed for _, deed in await house.audit(f"login:{name}")]


@pytest.mark.parametrize(
    ("password", "new", "field"),
    [
        ("wrong", NEW, "password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, PASSWORD, "new_password"),
        (PASSWORD, "", "new_password"),
    ],
)
async def test_a_password_is_not_changed_without_the_old_one_or_to_a_poor_one(house, password, new, field):
    page = await house.enter("a17")
    status, said = await page.post("/api/password", {"password": password, "new_password": new})
    assert (status, said["field"]) == (400, field)
    assert (await house.page().log_in("a17"))[0] == 200


async def test_a_password_an_administrator_has_set_meanwhile_stands(house, monkeypatch):
    page, passwords = await house.enter("a17"), house.server.app[CONSOLE].passwords
    hashed = passwords.hashed

    async def while_it_is_hashed(password):
        await house.books.staffing.set_password("a17", await hashed(NEW), "administrator:admin", house.now)
        return await hashed(password)

    monkeypatch.setattr(passwords, "hashed", while_it_is_hashed)
    status, _ = await page.post("/api/password", {"password": PASSWORD, "new_password": "what a thief would like"})
    assert status == 409
    monkeypatch.undo()
    assert (await house.page().log_in("a17", NEW))[0] == 200


async def test_guessing_the_old_password_at_a_page_left_open_locks_the_log_in(house):
    page = await house.enter("a17")
    for _ in range(5):
        assert (await page.post("/api/password", {"password": "wrong", "new_password": NEW}))[0] == 400
    assert (await page.post("/api/password", {"password": PASSWORD, "new_password": NEW}))[0] == 429
