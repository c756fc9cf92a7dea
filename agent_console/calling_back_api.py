"""A caller is rung because somebody at a desk asks for it: through the controller, so that nobody needs his number."""

from __future__ import annotations

from agent_console.errors import NotPossible, NotThere, OutOfSight
from agent_console.route import Done, Nothing, Visit
from agent_console.scope import company_of
from complaints import clocks
from complaints.ledger import SEALED, Call
from complaints.owed import clicked
from complaints.records import Company
from storage.floor_records import AgentState
from storage.people import Role

CALL_BACK = "call_back"
"""Deed of the audit."""

_NO_SUCH = "There is no such call, or it is not yours to answer."


async def call_back(visit: Visit, _: Nothing) -> Done:
    """He is rung as soon as an agent is ready, within a quarter of an hour; an agent who asks is the first for him.

    Agents ring who has left a message that is open, in calling hours; supervisors whomever, at their own discretion.
    """
    call = await _call(visit)
    login, console = visit.visitor.login, visit.console
    company = await console.books.consumers.company(call.company or company_of(visit))
    if company is None:
        raise NotThere(_NO_SUCH)
    if Role.SUPERVISOR not in login.roles:
        _refuse_at_night(visit, company)
    if not call.phone:
        raise NotPossible("This caller withheld his number: nobody can ring him.")
    agent = login.agent if Role.SUPERVISOR not in login.roles else None
    if agent is not None:
        here = await console.floor.agent(agent)
        if here is None or here.state is not AgentState.READY:
            raise NotPossible("Be ready first: the call comes to you.")
    if not await console.books.due.add(clicked(call, visit.now, company, agent)):
        raise NotPossible("He is being rung already: wait a minute.")
    await console.books.people.audit(visit.visitor.actor, CALL_BACK, f"call:{call.call_ref}", visit.now)
    return Done()


async def _call(visit: Visit) -> Call:
    """The call in the path, if this person may answer it; else NotThere or OutOfSight, which say the same to him."""
    call_ref, login = visit.part("call_ref"), visit.visitor.login
    call = await visit.console.books.calls.get(call_ref)
    if call is None:
        raise NotThere(_NO_SUCH)
    if SEALED in call.flags or (login.company is not None and call.company not in (None, login.company)):
        raise OutOfSight(_NO_SUCH)
    if Role.SUPERVISOR not in login.roles:
        message = await visit.console.books.inbox.get(call_ref)
        if message is None or message.settled_at is not None:
            raise OutOfSight(_NO_SUCH)
    return call


def _refuse_at_night(visit: Visit, company: Company) -> None:
    if not clocks.in_calling_hours(company, visit.now):
        begin, end = company.hours
        raise NotPossible(
            "Consumers are rung between {begin} and {end}; a supervisor may decide otherwise.", begin=begin, end=end
        )
