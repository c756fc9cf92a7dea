"""What has happened in the demo before it is opened: stories an auditor, an inspector or a manager can find.

Planted (domain.md part 4): agent A17 says on fourteen dockets that he spoke to the consumer, and no call of his was
connected; officer J09's own telephone is the contact number of six dockets, each closed by his own "yes";
the transformer DT-0713 has burnt three times; three connections share one telephone; of ten dockets closed yesterday
one has a consumer who says "no" and is closed all the same. Every call has its recording, by synthetic voices.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from complaints import desk
from complaints.ledger import Call, EndedBy, Outcome
from complaints.lifecycle import Deed
from complaints.records import Attempt, Category, Company, Consumer, Decision, Docket, Officer, Origin, Verdict
from storage.books import Books
from storage.errors import StaleDocket
from storage.recordings import Recordings
from sunwai.demo_sound import CALLER, LINE, PAUSE, Said, converse

PLANTED = "stories_planted"
NODE = "demo"
BURNT = "DT-0713"
LIAR, SELF_CALLER = "A17", "J09"
WITHOUT_A_CALL, OWN_PHONE, CLOSED_YESTERDAY, TALKS = 14, 6, 10, 20
_TRIES = 10
_STRIDE = 4801
"""Consumers are taken so far apart that they live in different places."""
UNHEARD = 6
"""Which of those closed yesterday has a consumer who says no while the key says yes: what an inspector is for."""

_ASKED: dict[str, tuple[str, str, str]] = {
    "hi": (
        "नमस्ते, बिजली विभाग से। आपकी शिकायत पूरी बताई गई है। संतुष्ट हैं तो एक दबाएँ, नहीं तो दो।",
        "हाँ जी, बिजली आ गई है, धन्यवाद।",
        "नहीं, बिजली अभी भी नहीं आई है!",
    ),
    "ur": (
        "السلام علیکم، محکمہ بجلی سے۔ آپ کی شکایت مکمل بتائی گئی ہے۔ مطمئن ہیں تو ایک دبائیں، نہیں تو دو۔",
        "جی ہاں، بجلی آ گئی ہے، شکریہ۔",
        "نہیں، بجلی ابھی تک نہیں آئی!",
    ),
    "en": (
        "This is the electricity office. Your complaint is said to be solved. If satisfied press one, else two.",
        "Yes, the supply is back, thank you.",
        "No, there is still no supply!",
    ),
}
_TALKED: dict[str, tuple[Said, ...]] = {
    "hi": (
        (LINE, "नमस्कार। बिजली नहीं है तो एक दबाएँ, बिल के लिए दो।"),
        (PAUSE, "1"),
        (LINE, "शिकायत दर्ज हुई। कृपया प्रतीक्षा करें।"),
        (PAUSE, "4"),
        (LINE, "नमस्ते, बिजली सहायता केंद्र, मैं आपकी क्या मदद करूँ?"),
        (CALLER, "हमारे मोहल्ले में सुबह से बिजली नहीं है।"),
        (LINE, "मैं शिकायत दर्ज करता हूँ, एक मिनट रुकिए।"),
        (PAUSE, "5"),
        (LINE, "आपकी शिकायत दर्ज हो गई, छह घंटे में ठीक हो जाएगी।"),
        (CALLER, "ठीक है, धन्यवाद।"),
    ),
    "ur": (
        (LINE, "السلام علیکم۔ بجلی نہیں ہے تو ایک دبائیں، بل کے لیے دو۔"),
        (PAUSE, "1"),
        (LINE, "شکایت درج ہوئی۔ براہ کرم انتظار کریں۔"),
        (PAUSE, "4"),
        (LINE, "السلام علیکم، بجلی امدادی مرکز، میں کیا مدد کروں؟"),
        (CALLER, "میرا بل اس مہینے دو گنا آیا ہے۔"),
        (LINE, "میں دیکھتا ہوں، ایک منٹ انتظار کیجیے۔"),
        (PAUSE, "4"),
        (LINE, "شکایت درج ہو گئی ہے، پانچ دن میں جواب ملے گا۔"),
        (CALLER, "شکریہ۔"),
    ),
    "en": (
        (LINE, "Welcome. For no supply press one, for your bill press two."),
        (PAUSE, "1"),
        (LINE, "Your complaint is registered. Please wait."),
        (PAUSE, "4"),
        (LINE, "Good morning, electricity help line, how may I help you?"),
        (CALLER, "The voltage has been very low since yesterday."),
        (LINE, "I register it. Please hold for a moment."),
        (PAUSE, "6"),
        (LINE, "It is registered and will be looked at within two days."),
        (CALLER, "Thank you."),
    ),
}
_WAY = ((0, "main"), (1, "supply"), (2, "registered_then_person"), (3, "person"))
"""The places of the flow a talk went through, each with which of the things said it begins."""
_WITH_AGENT = 4
"""From this on of what is said the agent speaks."""


@dataclass(frozen=True, slots=True)
class Town:
    """Who the stories are about."""

    company: Company
    consumers: Sequence[Consumer]

    def on(self, transformer: str) -> list[Consumer]:
        """Consumers of a transformer who have a telephone."""
        return [one for one in self.consumers if one.transformer == transformer and one.phone]

    def sharing(self) -> list[Consumer]:
        """The first three connections on one telephone."""
        by_phone: dict[str, list[Consumer]] = {}
        for one in self.consumers:
            if one.phone:
                by_phone.setdefault(one.phone, []).append(one)
        return next(group for group in by_phone.values() if len(group) == 3)


async def plant(
    books: Books, recordings: Recordings, town: Callable[[], Town], now: datetime, tell: Callable[[str], None]
) -> bool:
    """Writes the stories once, dated from the day before back; False when they are there. LiveLine on a live line."""
    await books.seeding.refuse_live()
    if any(row.deed == PLANTED for row in await books.people.audit_rows("line")):
        return False
    tell("demo stories: some fifty dockets, calls recorded by synthetic voices")
    people = town()
    teller = _Teller(books, recordings, people, _midnight(now, people.company))
    await teller.burnt_transformer()
    await teller.claims_without_calls()
    await teller.own_telephone()
    await teller.three_connections()
    await teller.closed_yesterday()
    await teller.talks()
    await books.people.audit("line", PLANTED, "line", now, {"recordings": teller.recorded})
    return True


def _midnight(now: datetime, company: Company) -> datetime:
    """The begin of today where the company is: everything lies before it, so that today's figures are today's."""
    local = now.astimezone(ZoneInfo(company.timezone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


class _Teller:
    """Writes one story after the other, through the desk, as if it were happening."""

    def __init__(self, books: Books, recordings: Recordings, town: Town, today: datetime) -> None:
        self._books = books
        self._recordings = recordings
        self._town = town
        self._today = today
        self._ordinary = [one for one in town.consumers if one.phone and one.transformer != BURNT]
        self._told = 0
        self.recorded = 0

    def _before(self, days: int, hours: float = 0.0) -> datetime:
        return self._today - timedelta(days=days) + timedelta(hours=hours)

    def _somebody(self) -> Consumer:
        self._told += 1
        return self._ordinary[self._told * _STRIDE % len(self._ordinary)]

    # -- the stories

    async def burnt_transformer(self) -> None:
        neighbours = self._town.on(BURNT)
        for place, days in enumerate((28, 17, 3)):
            consumer = neighbours[place % len(neighbours)]
            docket = await self._registered(consumer, "SUP-DT", self._before(days, 19.2))
            docket = await self._claimed(docket, "DT burnt", self._before(days - 1, 15))
            await self._asked(docket, self._before(days - 1, 16), lang=consumer.language or "hi")

    async def claims_without_calls(self) -> None:
        for n in range(WITHOUT_A_CALL):
            docket = await self._registered(self._somebody(), "SUP-FUSE", self._before(2, 9 + n * 0.4), still_open=True)
            await self._said_by_liar(docket.number, self._before(2, 13 + n * 0.1))

    async def _said_by_liar(self, number: str, at: datetime) -> None:
        """A line that is running already may be moving the docket up at the same moment: then look again."""
        for _ in range(_TRIES):
            docket = await self._books.dockets.get(number)
            if docket is None:
                return
            said = desk.move(docket, Deed.ADD_NOTE, f"agent:{LIAR}", at, "Spoke to the consumer: satisfied.")
            with suppress(StaleDocket):
                await self._books.dockets.apply(said)
                return

    async def own_telephone(self) -> None:
        officer = await self._books.consumers.officer(SELF_CALLER)
        if officer is None or officer.phone is None:
            return
        below = [one for one in self._ordinary if one.unit == officer.unit]
        for n in range(OWN_PHONE):
            at = self._before(3, 10 + n)
            docket = await self._registered(below[n], "SUP-FUSE", at, phone=officer.phone)
            docket = await self._claimed(docket, "fuse/MCB", at + timedelta(minutes=20), by=SELF_CALLER)
            await self._asked(docket, at + timedelta(minutes=50))

    async def three_connections(self) -> None:
        await self._registered(self._town.sharing()[0], "BILL", self._before(2, 11), still_open=True)

    async def closed_yesterday(self) -> None:
        for n in range(CLOSED_YESTERDAY):
            consumer = self._somebody()
            docket = await self._registered(consumer, "SUP-LINE", self._before(2, 18 + n * 0.2))
            docket = await self._claimed(docket, "LT line", self._before(1, 9 + n * 0.5))
            at = self._before(1, 10 + n * 0.5)
            await self._asked(docket, at, lang=consumer.language or "hi", disagrees=n == UNHEARD)

    async def talks(self) -> None:
        for n in range(TALKS):
            consumer, at = self._somebody(), self._before(1, 8 + n * 0.6)
            lang = consumer.language or "hi"
            ref = _ref(at, n)
            begins = await self._spoken(ref, lang, _TALKED[lang])
            talked = at + timedelta(seconds=begins[_WITH_AGENT])
            docket = await self._registered(
                consumer, "BILL" if lang == "ur" else "SUP-VOLT", at, call_ref=ref, still_open=True
            )
            call = Call(
                ref,
                "inbound",
                Origin.LINE,
                at,
                node=NODE,
                company=self._town.company.code,
                phone=consumer.phone,
                consumer_id=consumer.id,
                language=lang,
                stage="person",
                answered_at=at,
                queued_at=at + timedelta(seconds=begins[_WITH_AGENT - 1]),
                talked_at=talked,
                ended_at=at + timedelta(seconds=begins[-1]),
                agent=f"A{n + 1:02d}",
                docket=docket.number,
                steps=tuple((round(begins[n], 1), place) for n, place in _WAY),
                flags={Outcome.TALKED: at.isoformat(timespec="seconds")},
                outcome=Outcome.TALKED,
                ended_by=EndedBy.CALLER if n % 3 else EndedBy.AGENT,
                disposition="docket registered",
            )
            await self._books.calls.note(call)

    # -- what they are made of

    async def _registered(
        self,
        consumer: Consumer,
        category: str,
        at: datetime,
        *,
        phone: str | None = None,
        call_ref: str | None = None,
        still_open: bool = False,
    ) -> Docket:
        kind = await self._category(category)
        ref = call_ref or _ref(at, self._told)
        facts = desk.Registration(
            cause=f"story:{ref}:{category}:{consumer.id}",
            number="",
            company=self._town.company,
            category=kind,
            language=consumer.language or "hi",
            consumer=consumer,
            phone=phone or consumer.phone,
            call_ref=call_ref,
            officers=await self._books.consumers.officers_for(consumer.unit),
        )
        noted = Call(ref, "inbound", Origin.LINE, at, node=NODE, company=self._town.company.code, phone=consumer.phone)
        over = (
            noted
            if call_ref
            else replace(
                noted,
                answered_at=at,
                ended_at=at + timedelta(seconds=48),
                outcome=Outcome.DOCKET_REGISTERED,
                ended_by=EndedBy.CALLER,
            )
        )
        return await self._books.dockets.register(
            lambda number: _silently(desk.register(replace(facts, number=number), at), still_open=still_open), over
        )

    async def _claimed(self, docket: Docket, cause_code: str, at: datetime, by: str | None = None) -> Docket:
        if docket.claims:
            return docket  # a set-up that was interrupted goes on where it was
        kind = await self._category(docket.category)
        actor = f"officer:{by or docket.owner}"
        decision = desk.claim(docket, actor, cause_code, "", at, kind, self._town.company)
        return await self._books.dockets.apply(_silently(decision))

    async def _asked(
        self,
        docket: Docket,
        at: datetime,
        *,
        lang: str = "hi",
        disagrees: bool = False,
    ) -> None:
        """The satisfaction call, answered with the key for yes, whatever his voice says."""
        if docket.closed_at:
            return
        question, yes, no = _ASKED[lang]
        docket = await self._books.dockets.apply(_silently(desk.begin_verifying(docket, at)))
        ref = _ref(at, int(docket.number) % 1000)
        _, answered, seconds = await self._spoken(ref, lang, ((LINE, question), (CALLER, no if disagrees else yes)))
        attempt = Attempt(
            docket=docket.number,
            claim=docket.claims,
            attempt=1,
            call_ref=ref,
            dialled=docket.phone or "",
            at=at,
            verdict=Verdict.SATISFIED,
            duration_s=seconds,
            recording=ref,
        )
        end = at + timedelta(seconds=seconds)
        officers: dict[int, Officer] = {}
        await self._books.dockets.apply(_silently(desk.verdict(docket, attempt, end, self._town.company, officers)))
        await self._books.calls.note(
            Call(
                ref,
                "satisfaction",
                Origin.LINE,
                at,
                node=NODE,
                company=self._town.company.code,
                phone=docket.phone,
                language=lang,
                stage="satisfied",
                answered_at=at,
                ended_at=end,
                docket=docket.number,
                steps=((0.0, "question"), (round(answered, 1), "satisfied")),
                outcome=Outcome.SELF_SERVED,
                ended_by=EndedBy.US,
            )
        )

    async def _spoken(self, ref: str, lang: str, said: Sequence[Said]) -> tuple[float, ...]:
        self.recorded += 1
        return await asyncio.to_thread(converse, lang, said, self._recordings.packed_path(ref))

    async def _category(self, code: str) -> Category:
        found = await self._books.consumers.category(code)
        if found is None:
            raise LookupError(f"the demo has no category {code}")
        return found


def _ref(at: datetime, n: int) -> str:
    """A call's reference as Asterisk would have made it."""
    return f"{NODE}-{int(at.timestamp())}.{n}"


def _silently(decision: Decision, *, still_open: bool = False) -> Decision:
    """The past sends no messages and rings nobody; only what is still open goes up its ladder."""
    return replace(decision, messages=(), due=decision.due if still_open else ())
