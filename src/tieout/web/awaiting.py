"""Answers from the thread that commits, for the requests that await them: a whole group of them wakes the loop once."""

from __future__ import annotations

import asyncio
from collections import deque

from tieout.store.intake import Receipt


class Answers:
    """Takes answers in any thread and hands them out in the one of the loop. For one loop."""

    def __init__(self) -> None:
        self._here: deque[tuple[asyncio.Future[Receipt], Receipt | BaseException]] = deque()
        self._is_called = False

    def put(self, future: asyncio.Future[Receipt], answer: Receipt | BaseException) -> None:
        """From any thread."""
        self._here.append((future, answer))
        if not self._is_called:  # Seen as called after the answer was put there: whoever was called has yet to look.
            self._is_called = True
            future.get_loop().call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        self._is_called = False
        while self._here:
            future, answer = self._here.popleft()
            if future.done():  # Its request was given up.
                continue
            if isinstance(answer, Receipt):
                future.set_result(answer)
            else:
                future.set_exception(answer)


class Awaited:
    """What a request awaits: `store.intake.Promise` for a loop."""

    __slots__ = ("_answers", "future")

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self.future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()

    def set_running_or_notify_cancel(self) -> bool:
        """Whether the request still waits."""
        return not self.future.cancelled()

    def set_result(self, result: Receipt) -> None:
        """It is committed."""
        self._answers.put(self.future, result)

    def set_exception(self, exception: BaseException) -> None:
        """It is not."""
        self._answers.put(self.future, exception)
