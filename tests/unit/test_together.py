"""Questions of one moment are one reading; an error, or one who gives up, harms nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from storage.together import MOST, Together


class Books:
    """What has been read, by readings; a question that begins with "x" cannot be answered."""

    def __init__(self) -> None:
        self.readings: list[list[str]] = []
        self.let = asyncio.Event()
        self.let.set()

    async def read(self, questions: Sequence[str]) -> dict[str, str]:
        self.readings.append(list(questions))
        await self.let.wait()
        if any(question.startswith("x") for question in questions):
            raise LookupError("x")
        return {question: question.upper() for question in questions}


async def test_what_is_asked_in_one_moment_is_read_once_and_each_has_his_own_answer():
    books = Books()
    together = Together(books.read)
    assert await asyncio.gather(*[together.ask(word) for word in ("a", "b", "a")]) == ["A", "B", "A"]
    assert books.readings == [["a", "b"]]
    assert await together.ask("a") == "A"
    assert books.readings == [["a", "b"], ["a"]]  # nothing is kept


async def test_many_questions_are_several_readings():
    books = Books()
    together = Together(books.read)
    answers = await asyncio.gather(*[together.ask(str(number)) for number in range(MOST + 1)])
    assert answers == [str(number) for number in range(MOST + 1)]
    assert [len(reading) for reading in books.readings] == [MOST, 1]


async def test_an_error_is_told_to_all_who_asked_and_the_next_may_ask_again():
    books = Books()
    together = Together(books.read)
    told = await asyncio.gather(together.ask("x1"), together.ask("b"), return_exceptions=True)
    assert [type(each) for each in told] == [LookupError, LookupError]
    assert await together.ask("b") == "B"


async def test_who_gives_up_takes_the_answer_from_nobody_else():
    books = Books()
    books.let.clear()
    together = Together(books.read)
    hasty = asyncio.ensure_future(together.ask("a"))
    patient = asyncio.ensure_future(together.ask("a"))
    await asyncio.sleep(0)
    hasty.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hasty
    books.let.set()
    assert await patient == "A"
