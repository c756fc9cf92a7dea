"""Questions asked in the same moment are one reading: after a restart all callers of a line ask at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q", bound=Hashable)
A = TypeVar("A")

MOST = 50
"""So many questions make one reading at most: the first answers need not wait for the last, nor hold a thread long."""


class Together(Generic[Q, A]):
    """`ask` a question; `read` is given all that were asked in one turn of the loop, and answers each of them.

    An error of the reading is told to everybody who asked in it.
    """

    def __init__(self, read: Callable[[Sequence[Q]], Awaitable[Mapping[Q, A]]]) -> None:
        self._read = read
        self._asked: dict[Q, asyncio.Future[A]] = {}
        self._readings: set[asyncio.Task[None]] = set()

    async def ask(self, question: Q) -> A:
        """The answer; whoever gives up waiting for it takes it from nobody else."""
        if not self._asked:
            asyncio.get_running_loop().call_soon(self._begin)
        answer = self._asked.get(question)
        if answer is None:
            answer = self._asked[question] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(answer)

    async def close(self) -> None:
        """Wait for what is being read: nobody may need it any more, but no reading outlives the books."""
        await asyncio.gather(*self._readings, return_exceptions=True)

    def _begin(self) -> None:
        asked, self._asked = list(self._asked.items()), {}
        for first in range(0, len(asked), MOST):
            reading = asyncio.get_running_loop().create_task(self._answer(dict(asked[first : first + MOST])))
            self._readings.add(reading)
            reading.add_done_callback(self._readings.discard)

    async def _answer(self, asked: Mapping[Q, asyncio.Future[A]]) -> None:
        try:
            found = await self._read(list(asked))
            for question, answer in asked.items():
                answer.set_result(found[question])
        except Exception as error:  # noqa: BLE001  # whatever it is: theirs who asked
            for answer in asked.values():
                if not answer.done():
                    answer.set_exception(error)
                    answer.exception()  # looked at: who asked may have given up
        finally:
            for answer in asked.values():  # the process ends: nobody shall wait for ever
                answer.cancel()
