"""Score cards: given by auditors, seen and contested by the agent, answered by a supervisor, compared by pairs."""

from __future__ import annotations

from datetime import date
from itertools import groupby

import msgspec

from agent_console.bodies import Note, Reason, check_span
from agent_console.errors import BadInput, NotPossible
from agent_console.hearing import call_for
from agent_console.recordings_api import ScoreView, score_view
from agent_console.route import Done, Nothing, Visit
from complaints.scoring import Point, agreement, score_of
from storage.audits import Score
from storage.reports import day_bounds


class GiveScore(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All ten points: true, false, or null for what there was no occasion for."""

    points: dict[str, bool | None]
    remark: Note = ""


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    scores: tuple[ScoreView, ...]


class Contest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    reason: Reason


class AnswerContest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    answer: Reason


class AgreementAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Scores given from `since` to `until`, both days in."""

    since: date
    until: date


class AgreementView(msgspec.Struct, frozen=True, kw_only=True):
    """Of `calls` scored twice, `points` were judged by both and `agreed` alike; `kappa` is Cohen's, or null."""

    scored: int
    calls: int
    points: int
    agreed: int
    kappa: float | None


async def give(visit: Visit, asked: GiveScore) -> ScoreView:
    """A scorer's word stays as first said: the second scorer, and the agent, must be able to rely on it."""
    call = await call_for(visit, visit.part("call_ref"))
    if call.agent is None:
        raise NotPossible("No agent spoke in this call: there is nobody to score.")
    if call.agent == visit.visitor.login.agent:
        raise NotPossible("This is your own call: somebody else scores it.")
    points = _points(asked.points)
    scorer = visit.visitor.login.name
    given = Score(
        call.call_ref, scorer, call.agent, call.company, visit.now, points, score_of(points), asked.remark.strip()
    )
    if not await visit.console.books.audits.score(given, visit.visitor.actor):
        raise NotPossible("You have scored this call already; what was said first stays.")
    return score_view(given)


def _points(said: dict[str, bool | None]) -> dict[Point, bool | None]:
    missing = [point.value for point in Point if point not in said]
    unknown = sorted(set(said) - set(Point))
    if missing:
        raise BadInput("points: say yes, no or no occasion for {points}.", "points", points=tuple(missing))
    if unknown:
        raise BadInput("points: there is no point {point}.", "points", point=unknown[0])
    return {Point(name): done for name, done in said.items()}


async def mine(visit: Visit, _: Nothing) -> Scores:
    """The agent's own, latest first."""
    found = await visit.console.books.audits.scores_of_agent(visit.visitor.agent())
    return Scores(scores=tuple(score_view(score) for score in found))


async def contest(visit: Visit, asked: Contest) -> Done:
    """Once for each score, with a reason; a supervisor answers."""
    scorer, agent = visit.part("scorer"), visit.visitor.agent()
    done = await visit.console.books.audits.contest(visit.part("call_ref"), scorer, agent, asked.reason, visit.now)
    if not done:
        raise NotPossible("This score is not yours, or you have contested it already.")
    return Done()


async def contested(visit: Visit, _: Nothing) -> Scores:
    """Contested scores that wait for an answer, oldest first."""
    found = await visit.console.books.audits.contested(visit.visitor.login.company)
    return Scores(scores=tuple(score_view(score) for score in found))


async def answer(visit: Visit, asked: AnswerContest) -> Done:
    """Not by the scorer himself: nobody is judge of his own card."""
    scorer, call_ref = visit.part("scorer"), visit.part("call_ref")
    call = await call_for(visit, call_ref)
    if visit.visitor.login.agent is not None and call.agent == visit.visitor.login.agent:
        raise NotPossible("This is your own call: another supervisor answers.")
    if scorer == visit.visitor.login.name:
        raise NotPossible("This is your own score card: another supervisor answers.")
    done = await visit.console.books.audits.answer(call_ref, scorer, asked.answer, visit.visitor.actor, visit.now)
    if not done:
        raise NotPossible("This score is not contested, or somebody has answered already.")
    return Done()


async def agree(visit: Visit, asked: AgreementAsked) -> AgreementView:
    """How far the first two scorers of each call agree."""
    zone = visit.console.plan.timezone
    check_span(asked.since, asked.until)
    begin, end = day_bounds(asked.since, zone)[0], day_bounds(asked.until, zone)[1]
    found = await visit.console.books.audits.scored_between(begin, end, visit.visitor.login.company)
    cards = [list(of_call) for _, of_call in groupby(found, key=lambda score: score.call_ref)]
    said = agreement((of_call[0].points, of_call[1].points) for of_call in cards if len(of_call) > 1)
    return AgreementView(scored=len(cards), calls=said.calls, points=said.points, agreed=said.agreed, kappa=said.kappa)
