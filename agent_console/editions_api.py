"""What the line says, changed by an administrator: checked whole, kept as an edition, tried on his own telephone, put
to use for the next caller. Every edition stays, and any of them can be put to use again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from agent_console.agent_api import ask_controller
from agent_console.bodies import Reason
from agent_console.errors import BadInput, NotAllowed, NotPossible, NotThere
from agent_console.route import Done, Nothing, Visit
from complaints.records import Origin, origin_of
from dialplan.drawing import draw
from dialplan.edition import FIXED_FLOWS, MAX_FLOW, SHIPPED, Changes, Edition, EditionError, changed, differences
from dialplan.wording import MAX_LENGTH
from storage.editions import EditionRow, Voicing
from storage.errors import NotInBooks, Refused
from storage.phones import e164, is_of

TRIED = "try_edition"
"""Deed of the audit, and of the controller."""
TOLD_AT_ONCE = 5
LARGEST = 999_999_999
_MOST = 400
"""Prompts changed in one edition, in one language."""
_NO_SUCH = "There is no such edition."
_WHY_NOT = {
    "not_spoken": "Its sounds are not ready yet: wait a moment.",
    "wrong_number": "This is no telephone number that the line may ring.",
    "under_way": "This telephone is being rung already.",
    "too_many": "Two trials are under way: wait until one has ended.",
}

Language = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,8}$")]
PromptKey = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
PromptText = Annotated[str, msgspec.Meta(max_length=MAX_LENGTH)]
FlowName = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{1,32}$")]
FlowText = Annotated[str, msgspec.Meta(max_length=MAX_FLOW)]


class VoiceView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a node of the line has rendered the edition's sounds; `fault` says why it could not."""

    node: str
    ready: bool
    fault: str | None = None


class EditionView(msgspec.Struct, frozen=True, kw_only=True):
    """`base`: the edition it was made from. `ready`: every node can speak it. Edition 0 is the release's own."""

    number: int
    at: datetime | None
    actor: str | None
    reason: str | None
    base: int | None
    ready: bool
    voices: tuple[VoiceView, ...]


class UseView(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    at: datetime
    actor: str
    reason: str


class EditionList(msgspec.Struct, frozen=True, kw_only=True):
    """`used`: what the next caller hears. `editions` and `uses`: the latest first."""

    used: int
    languages: tuple[str, ...]
    editions: tuple[EditionView, ...]
    uses: tuple[UseView, ...]


class PromptView(msgspec.Struct, frozen=True, kw_only=True):
    """`words` and `released`: language → text; `released` is empty for a prompt that the release does not have.
    `values`: the names that may stand in braces."""

    key: str
    words: Mapping[str, str]
    released: Mapping[str, str]
    values: tuple[str, ...]


class FlowView(msgspec.Struct, frozen=True, kw_only=True):
    """`text` is TOML, `drawing` the same as an indented tree. `fixed`: no edition may have another one."""

    name: str
    text: str
    drawing: str
    changed: bool
    fixed: bool


class EditionWhole(msgspec.Struct, frozen=True, kw_only=True):
    """What an edition says: every prompt in every language, every flow."""

    edition: EditionView
    prompts: tuple[PromptView, ...]
    flows: tuple[FlowView, ...]


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be said otherwise than in the edition `base`: language → prompt → words, flow → whole text."""

    base: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
    prompts: Mapping[Language, Annotated[Mapping[PromptKey, PromptText], msgspec.Meta(max_length=_MOST)]] = (
        msgspec.field(default_factory=dict)
    )
    flows: Mapping[FlowName, FlowText] = msgspec.field(default_factory=dict)


class MakeEdition(Draft, frozen=True, forbid_unknown_fields=True, kw_only=True):
    reason: Reason


class FaultView(msgspec.Struct, frozen=True, kw_only=True):
    """`field`: "prompts.<language>.<key>" or "flows.<name>", the latter with the line of its text."""

    field: str
    reason: str
    line: int | None


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """No faults: it can be made, and `drawings` (flow → tree) shows the flows as they would be."""

    faults: tuple[FaultView, ...]
    drawings: Mapping[str, str]


class UseEdition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`before`: the edition in use as the page showed it; another one is refused."""

    before: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
    reason: Reason


class TryEdition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`phone` is rung; the caller is asked for his language all the same when his number is not known."""

    phone: Annotated[str, msgspec.Meta(min_length=3, max_length=20)]
    flow: FlowName = "inbound"
    language: Language = "hi"


async def editions(visit: Visit, _: Nothing) -> EditionList:
    """All of them, which one is used, and from when which was."""
    books = visit.console.books.editions
    used, rows, uses, voicings = await asyncio.gather(books.used(), books.newest(), books.uses(), books.voicings())
    return EditionList(
        used=used,
        languages=visit.console.plan.release.wording.languages,
        editions=tuple(_view(visit, row, voicings) for row in (*rows, None)),
        uses=tuple(UseView(number=one.number, at=one.at, actor=one.actor, reason=one.reason) for one in uses),
    )


async def edition(visit: Visit, _: Nothing) -> EditionWhole:
    """Every word of one edition."""
    row = await _row(visit)
    number = row.number if row else SHIPPED
    try:
        whole = await asyncio.to_thread(_made, visit, number, await visit.console.books.editions.changes(number))
    except EditionError as error:
        raise NotPossible("This edition does not fit the release any more: {why}.", why=str(error)) from error
    release = visit.console.plan.release
    voicings = await visit.console.books.editions.voicings(number)
    return EditionWhole(
        edition=_view(visit, row, voicings),
        prompts=tuple(
            PromptView(
                key=key,
                words={lang: whole.wording.texts[lang][key] for lang in whole.wording.languages},
                released={lang: texts[key] for lang, texts in release.wording.texts.items() if key in texts},
                values=tuple(sorted(whole.wording.placeholders(key))),
            )
            for key in whole.wording.texts[whole.wording.languages[-1]]
        ),
        flows=tuple(
            FlowView(
                name=name,
                text=text,
                drawing=draw(whole.flows[name]),
                changed=text != release.flow_texts[name],
                fixed=name in FIXED_FLOWS,
            )
            for name, text in whole.flow_texts.items()
        ),
    )


async def check(visit: Visit, asked: Draft) -> Checked:
    """Would it do? Nothing is kept."""
    try:
        whole = await asyncio.to_thread(_made, visit, SHIPPED, await _merged(visit, asked))
    except EditionError as error:
        faults = tuple(FaultView(field=one.field, reason=one.reason, line=one.line) for one in error.faults)
        return Checked(faults=faults, drawings={})
    return Checked(faults=(), drawings={name: draw(flow) for name, flow in whole.flows.items()})


async def make(visit: Visit, asked: MakeEdition) -> EditionView:
    """A new edition, which nobody hears before it is put to use."""
    await _refuse_for_one_company(visit)
    console = visit.console
    changes = await _merged(visit, asked)
    try:
        whole = await asyncio.to_thread(_made, visit, SHIPPED, changes)
    except EditionError as error:
        raise _faulty(error) from error
    kept = differences(console.plan.release, whole)
    if kept == await _without_sameness(visit, asked.base):
        raise BadInput("Nothing is said otherwise than in the edition this was made from.")
    number = await console.books.editions.make(kept, asked.base, asked.reason, visit.visitor.actor, visit.now)
    return _view(visit, await console.books.editions.get(number), ())


async def use(visit: Visit, asked: UseEdition) -> EditionList:
    """The next caller hears it; who is on the line keeps what he began with. Also the way back to an older one."""
    await _refuse_for_one_company(visit)
    row = await _row(visit)
    number = row.number if row else SHIPPED
    books = visit.console.books.editions
    if not _view(visit, row, await books.voicings(number)).ready:
        raise NotPossible("Its sounds are not ready on every node: wait until they are.")
    try:
        await books.use(number, asked.before, asked.reason, visit.visitor.actor, visit.now)
    except Refused:
        raise NotPossible("Another edition has been put to use meanwhile: look at the list again.", "before") from None
    return await editions(visit, Nothing())


async def try_it(visit: Visit, asked: TryEdition) -> Done:
    """The telephone rings, and whoever answers walks through the flow; nothing is registered."""
    row = await _row(visit)
    number, console = row.number if row else SHIPPED, visit.console
    release = console.plan.release
    if asked.flow not in release.flows:
        raise BadInput("flow: one of {flows}.", "flow", flows=tuple(release.flows))
    if asked.language not in release.wording.languages:
        raise BadInput("language: one of {languages}.", "language", languages=tuple(release.wording.languages))
    phone = e164(asked.phone, console.plan.country)
    if phone is None or not is_of(phone, console.plan.country):
        raise BadInput("phone: this is no telephone number of the line's country.", "phone")
    detail = {"flow": asked.flow, "phone_ends": phone[-4:]}
    await console.books.people.audit(visit.visitor.actor, TRIED, f"edition:{number}", visit.now, detail)
    args = {"edition": str(number), "phone": phone, "flow": asked.flow, "language": asked.language}
    await ask_controller(visit, console.plan.node, TRIED, None, args, _WHY_NOT)
    return Done()


def _made(visit: Visit, number: int, changes: Changes) -> Edition:
    """In a thread: reading all flows takes a tenth of a second."""
    return changed(visit.console.plan.release, number, changes)


async def _merged(visit: Visit, asked: Draft) -> Changes:
    """What the edition it is made from says otherwise than the release, and what is new."""
    try:
        before = await visit.console.books.editions.changes(asked.base)
    except NotInBooks:
        raise BadInput("base: there is no such edition.", "base") from None
    languages = sorted({*before.prompts, *asked.prompts})
    prompts = {lang: {**before.prompts.get(lang, {}), **asked.prompts.get(lang, {})} for lang in languages}
    return Changes(prompts, {**before.flows, **asked.flows})


async def _without_sameness(visit: Visit, base: int) -> Changes:
    """What the base says otherwise, as a new edition with the same words would."""
    found = await visit.console.books.editions.changes(base)
    try:
        return differences(visit.console.plan.release, await asyncio.to_thread(_made, visit, base, found))
    except EditionError:  # it does not fit this release: anything that does is another one
        return found


def _faulty(error: EditionError) -> BadInput:
    told = [
        f"{fault.field}{f', line {fault.line}' if fault.line else ''}: {fault.reason}"
        for fault in error.faults[:TOLD_AT_ONCE]
    ]
    more = len(error.faults) - len(told)
    faults, first = "; ".join(told), error.faults[0].field
    if more:
        return BadInput("{faults}; and {more} more.", first, faults=faults, more=more)
    return BadInput("{faults}.", first, faults=faults)


async def _row(visit: Visit) -> EditionRow | None:
    """The edition in the path; None for the release's own."""
    number = int(visit.part("edition"))
    if number == SHIPPED:
        return None
    row = await visit.console.books.editions.get(number)
    if row is None:
        raise NotThere(_NO_SUCH)
    return row


def _view(visit: Visit, row: EditionRow | None, voicings: Sequence[Voicing]) -> EditionView:
    plan = visit.console.plan
    if row is None:
        voices = tuple(VoiceView(node=node, ready=True) for node in plan.nodes)
        return EditionView(number=SHIPPED, at=None, actor=None, reason=None, base=None, ready=True, voices=voices)
    told = {one.node: one for one in voicings if one.number == row.number}
    voices = tuple(_voice(node, told.get(node)) for node in plan.nodes)
    return EditionView(
        number=row.number,
        at=row.at,
        actor=row.actor,
        reason=row.reason,
        base=row.base,
        ready=all(voice.ready for voice in voices),
        voices=voices,
    )


def _voice(node: str, voicing: Voicing | None) -> VoiceView:
    if voicing is None:
        return VoiceView(node=node, ready=False)
    return VoiceView(node=node, ready=voicing.fault is None, fault=voicing.fault)


async def _refuse_for_one_company(visit: Visit) -> None:
    """All companies of a line are heard through the same words: who keeps one of several changes nothing for all."""
    mine = visit.visitor.login.company
    if mine is None:
        return
    others = [one.code for one in await visit.console.books.consumers.companies() if one.code != mine]
    if any(origin_of(code) is Origin.LINE for code in others):
        raise NotAllowed(
            "All companies of the line speak these words: an administrator of the whole line changes them."
        )
