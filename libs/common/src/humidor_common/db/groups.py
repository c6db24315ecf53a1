"""Group commit: what arrives while transactions run is done together by the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence
from contextvars import Context
from typing import Generic, NamedTuple, TypeVar

from humidor_common.db.failures import OUT_OF_REACH
from humidor_common.telemetry.logs import get_logger
from humidor_common.web.problems import unavailable

T = TypeVar("T")
R = TypeVar("R")

log = get_logger(__name__)


class Bounds(NamedTuple):
    """How many work at a time, in a group, and wait at most.

    A further group beside one that runs costs the processor as much as `worth_another` more in the next.
    Under load what comes gathers for as long as the last group took, and no longer than `rest_seconds`.
    """

    groups: int = 2
    in_group: int = 64
    waiting: int = 2_000
    worth_another: int = 16
    rest_seconds: float = 0.008


_USUAL = Bounds()


class Groups(Generic[T, R]):
    """Has single pieces of work done in groups, each of which is a transaction.

    What shares one of its `claims` (the customer whose counters it reads and raises, say) is never in two
    groups at once nor twice in one, so a group need not think of what others in it do. A group that fails is
    done again one by one: whatever is wrong with one piece is the others' trouble no longer than that.

    Args:
        work: Does a group and gives an answer for each, in its order.
        claims: What a piece of work must have for itself.
        bounds: How many at once.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        claims: Callable[[T], Collection[Hashable]],
        bounds: Bounds = _USUAL,
    ) -> None:
        self._work = work
        self._claims = claims
        self._bounds = bounds
        self._queue: deque[_Piece[T, R]] = deque()
        self._claimed: set[Hashable] = set()
        self._rests_until = 0.0
        self._groups = 0
        self._running: set[asyncio.Task[None]] = set()

    async def do(self, one: T) -> R:
        """Have it done with others; returns after the commit.

        Raises:
            Problem: 503 where too much waits already; whatever `work` raises for it alone.
        """
        if len(self._queue) >= self._bounds.waiting:
            raise unavailable("Too much is waiting to be stored.", retry_after_seconds=1)
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        piece = _Piece(one, frozenset(self._claims(one)), done)
        self._queue.append(piece)
        worth_another = len(self._queue) >= self._bounds.worth_another
        if not self._groups or (self._groups < self._bounds.groups and worth_another):
            self._groups += 1
            # In a context of its own: the work is not that of the request which happened to start it.
            task = asyncio.create_task(self._run(), context=Context())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await done

    async def finish(self) -> None:
        """Wait until nothing waits any more."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while self._queue:
                await self._rest()
                group = self._take()
                if not group:  # all that waits is claimed by another group, which goes on with it
                    return
                await self._do_claimed(group)
        finally:
            # Here and not when the task is over: what comes in between would find nobody to do it.
            self._groups -= 1

    async def _rest(self) -> None:
        rest = self._rests_until - asyncio.get_running_loop().time()
        if rest > 0 and len(self._queue) < self._bounds.worth_another:
            await asyncio.sleep(rest)

    async def _do_claimed(self, group: Sequence["_Piece[T, R]"]) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            await self._do(group)
        finally:
            for piece in group:
                self._claimed -= piece.claims
        self._rests_until = clock() + min(clock() - began, self._bounds.rest_seconds)

    def _take(self) -> list["_Piece[T, R]"]:
        """Take from the queue, in its order, what claims nothing that is claimed."""
        group: list[_Piece[T, R]] = []
        passed: list[_Piece[T, R]] = []
        while self._queue and len(group) < self._bounds.in_group:
            piece = self._queue.popleft()
            if self._claimed.isdisjoint(piece.claims):
                self._claimed |= piece.claims
                group.append(piece)
            else:
                passed.append(piece)
        self._queue.extendleft(reversed(passed))
        return group

    async def _do(self, group: Sequence["_Piece[T, R]"]) -> None:
        try:
            answers = await self._work([piece.work for piece in group])
        except OUT_OF_REACH as error:
            _fail(group, error)
        except Exception as error:  # noqa: BLE001 - whoever waits must get an answer
            if len(group) == 1:
                _fail(group, error)
                return
            log.warning("a group failed, doing it one by one", extra={"error": repr(error)})
            for piece in group:
                await self._do([piece])
        else:
            for piece, answer in zip(group, answers, strict=True):
                if not piece.done.done():
                    piece.done.set_result(answer)


class _Piece(NamedTuple, Generic[T, R]):
    work: T
    claims: frozenset[Hashable]
    done: "asyncio.Future[R]"


def _fail(group: Sequence[_Piece[T, R]], error: Exception) -> None:
    for piece in group:
        if not piece.done.done():
            piece.done.set_exception(error)
