"""Sends documents: stores side by side, each store's in their order, in batches where the API has them."""

import queue
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Container, Iterable
from datetime import datetime
from typing import Any

import msgspec

from humidor_cli.client import Client, RefusedError
from humidor_cli.errors import CliError
from humidor_cli.replay.documents import Document
from humidor_cli.replay.progress import Progress
from humidor_cli.replay.survey import Pair

WORKERS_MAX = 8
_QUEUE_DOCUMENTS = 500
_IDLE_SECONDS = 0.2
_PROBLEMS_MAX = 20
_PATHS = {"return": "/v1/returns", "void": "/v1/voids"}
_STATUS = {201: "accepted", 200: "duplicate"}


class Problem(msgspec.Struct):
    """A document that was not taken."""

    kind: str
    document_id: str
    store_id: str
    status: str
    detail: str


class Outcome(msgspec.Struct):
    """What became of the documents: `results` by kind and status."""

    results: dict[str, Counter[str]] = msgspec.field(default_factory=dict)
    problems: list[Problem] = msgspec.field(default_factory=list)
    skipped: int = 0
    rows: int = 0
    seconds: float = 0.0

    def count(self, kind: str, status: str) -> None:
        self.results.setdefault(kind, Counter())[status] += 1

    def total(self, *statuses: str) -> int:
        return sum(counts[status] for counts in self.results.values() for status in statuses)


class Pace:
    """Holds documents back until their time comes: `speed` seconds of the file pass in one of ours."""

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._began: tuple[float, datetime] | None = None

    def wait(self, moment: str, stopping: threading.Event) -> None:
        if self._speed is None:
            return
        at = datetime.fromisoformat(moment)
        if self._began is None:
            self._began = (time.monotonic(), at)
        began, first = self._began
        due = began + (at - first).total_seconds() / self._speed
        stopping.wait(max(0.0, due - time.monotonic()))


class Sender:
    """One run of sending.

    Args:
        client: Where to.
        written_off: Stores and products whose write-offs are in the books already: sending them again after
            their idempotency keys are forgotten would count them twice.
        keys: A terminal's key for each store.
        progress: What was acknowledged before, and where to note more.
        batch_sales: How many sales go into one request.
        advance: Told how many rows of the file were dealt with.
    """

    def __init__(
        self,
        client: Client,
        keys: dict[str, str],
        progress: Progress,
        *,
        batch_sales: int,
        written_off: Container[Pair],
        advance: Callable[[int], None],
    ) -> None:
        self._client = client
        self._keys = keys
        self._progress = progress
        self._batch_sales = batch_sales
        self._written_off = written_off
        self._advance = advance
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._failures: list[BaseException] = []
        self.outcome = Outcome()

    def run(self, documents: Iterable[Document], pace: Pace) -> Outcome:
        """Send everything; the first failure stops all, what was acknowledged until then is noted."""
        began = time.monotonic()
        count = max(1, min(WORKERS_MAX, len(self._keys)))
        lanes: list[queue.Queue[Document | None]] = [queue.Queue(_QUEUE_DOCUMENTS) for _ in range(count)]
        threads = [threading.Thread(target=self._work, args=(lane,), daemon=True) for lane in lanes]
        for thread in threads:
            thread.start()
        try:
            self._deal_out(documents, pace, lanes)
            for lane in lanes:
                self._put(lane, None)
        except BaseException:
            self._stopping.set()
            raise
        finally:
            for thread in threads:
                thread.join()
            self.outcome.seconds = time.monotonic() - began
        if self._failures:
            raise self._failures[0]
        return self.outcome

    def _deal_out(
        self, documents: Iterable[Document], pace: Pace, lanes: list[queue.Queue[Document | None]]
    ) -> None:
        passed: Counter[str] = Counter()
        for document in documents:
            if self._stopping.is_set():
                return
            store_id = document.store_id
            passed[store_id] += 1
            if passed[store_id] <= self._progress.before(store_id):
                self.outcome.skipped += 1
                self._advance(document.rows)
                continue
            pace.wait(document.moment, self._stopping)
            # One lane for a store: its documents stay in order.
            self._put(lanes[zlib.crc32(store_id.encode()) % len(lanes)], document)

    def _put(self, lane: queue.Queue[Document | None], document: Document | None) -> None:
        while not self._stopping.is_set():
            try:
                lane.put(document, timeout=_IDLE_SECONDS)
            except queue.Full:
                continue
            return

    def _work(self, lane: queue.Queue[Document | None]) -> None:
        waiting: dict[str, list[Document]] = {}
        try:
            while not self._stopping.is_set():
                try:
                    document = lane.get(timeout=_IDLE_SECONDS)
                except queue.Empty:
                    self._flush(waiting)
                    continue
                if document is None:
                    self._flush(waiting)
                    return
                self._take(document, waiting)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._failures.append(error)
            self._stopping.set()

    def _take(self, document: Document, waiting: dict[str, list[Document]]) -> None:
        store_id = document.store_id
        if document.kind == "sale":
            sales = waiting.setdefault(store_id, [])
            sales.append(document)
            if len(sales) >= self._batch_sales:
                self._send_sales(store_id, waiting.pop(store_id))
            return
        if store_id in waiting:
            self._send_sales(store_id, waiting.pop(store_id))
        self._send_one(document)

    def _flush(self, waiting: dict[str, list[Document]]) -> None:
        for store_id in list(waiting):
            self._send_sales(store_id, waiting.pop(store_id))

    def _send_sales(self, store_id: str, sales: list[Document]) -> None:
        body = {"sales": [sale.body for sale in sales]}
        answer = self._client.call("pos", "POST", "/v1/sales:batch", body=body, key=self._key(store_id))
        results: list[dict[str, Any]] = answer.document["results"]
        for sale, result in zip(sales, results, strict=True):
            self._note(sale, result["status"], result.get("problem"))
        self._acknowledge(store_id, sales)

    def _send_one(self, document: Document) -> None:
        try:
            status = _STATUS[self._post(document)]
            self._note(document, status, None)
        except RefusedError as error:
            if error.status in (401, 403):
                raise
            self._note(document, "conflict" if error.status == 409 else "rejected", error.problem)
        self._acknowledge(document.store_id, [document])

    def _post(self, document: Document) -> int:
        if document.kind == "adjustment":
            if (document.store_id, document.body["gtin"]) in self._written_off:
                return 200
            answer = self._client.call(
                "inventory",
                "POST",
                "/v1/adjustments",
                body=document.body,
                idempotency_key=document.document_id,
            )
            return 200 if answer.replayed else 201
        key = self._key(document.store_id)
        return self._client.call("pos", "POST", _PATHS[document.kind], body=document.body, key=key).status

    def _key(self, store_id: str) -> str:
        if store_id not in self._keys:
            raise CliError(f"there is no terminal for the store {store_id}")
        return self._keys[store_id]

    def _note(self, document: Document, status: str, problem: dict[str, Any] | None) -> None:
        with self._lock:
            self.outcome.count(document.kind, status)
            if problem and len(self.outcome.problems) < _PROBLEMS_MAX:
                detail = str(problem.get("detail") or problem.get("title") or "")
                self.outcome.problems.append(
                    Problem(document.kind, document.document_id, document.store_id, status, detail)
                )

    def _acknowledge(self, store_id: str, documents: list[Document]) -> None:
        self._progress.acknowledge(store_id, len(documents))
        rows = sum(document.rows for document in documents)
        with self._lock:
            self.outcome.rows += rows
        self._advance(rows)
