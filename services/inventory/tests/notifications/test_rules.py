"""When a digest goes out and what it says."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_inventory.notifications.rules import (
    Count,
    Digest,
    Line,
    Quiet,
    StoreCount,
    document_of,
    due_at,
    subject_of,
    text_of,
)

NIGHT = Quiet(time(22), time(7), "Asia/Shanghai")
LUNCH = Quiet(time(12), time(13), "Asia/Shanghai")


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "quiet", "due"),
    [
        (shanghai(23, 21, 54), NIGHT, shanghai(23, 21, 59)),
        (shanghai(23, 21, 55), NIGHT, shanghai(24, 7)),
        (shanghai(24, 3), NIGHT, shanghai(24, 7)),
        (shanghai(24, 6, 55), NIGHT, shanghai(24, 7)),
        (shanghai(23, 12, 10), LUNCH, shanghai(23, 13)),
        (shanghai(23, 13), LUNCH, shanghai(23, 13, 5)),
        (shanghai(23, 23), None, shanghai(23, 23, 5)),
    ],
)
def test_quiet_hours_end_by_the_clock_of_their_zone(
    now: datetime, quiet: Quiet | None, due: datetime
) -> None:
    assert due_at(now, 300, quiet, urgent=False) == due
    assert due_at(now, 300, quiet, urgent=True) == now + timedelta(minutes=5)


@given(
    st.timedeltas(timedelta(0), timedelta(days=3650)).map(lambda past: shanghai(23, 12) - past),
    st.integers(5, 86_400),
    st.builds(Quiet, st.times(), st.times(), st.sampled_from(["Asia/Shanghai", "Europe/Berlin"])),
)
def test_it_is_never_told_early_nor_a_day_late(now: datetime, window: int, quiet: Quiet) -> None:
    due = due_at(now, window, quiet, urgent=False)
    assert timedelta(0) <= due - (now + timedelta(seconds=window)) <= timedelta(hours=25)


def line(**changes: Any) -> Line:
    values: dict[str, Any] = {
        "what": "raised",
        "alert_id": "a",
        "kind": "stock_out",
        "severity": "critical",
        "store_id": "S0001",
        "subject": "06901028001236",
        "gtin": "06901028001236",
        "lot": None,
        "name": "中华(软)",
        "sticks_per_pack": 20,
        "figures": {"on_hand_sticks": 0, "on_order_sticks": 210},
        "raised_at": "2026-11-23T04:00:00+00:00",
        "closed_reason": None,
    }
    return Line(**(values | changes))


DIGEST = Digest(
    counts=[
        Count(what="raised", kind="stock_out", severity="critical", alerts=8, stores=3),
        Count(what="raised", kind="expired", severity="critical", alerts=4, stores=1),
    ],
    stores=[StoreCount(store_id="S0001", alerts=7)],
    lines=[line(), line(what="closed", closed_reason="there is something for sale again")],
)


def test_a_digest_says_how_much_the_worst_and_how_much_is_left_out() -> None:
    assert subject_of(DIGEST, "zh") == "库存预警 12 条: 断货 8, 过期 4"
    text = text_of(DIGEST, "zh")
    assert "- 新预警 · 严重 · 断货: 8 (门店 3)" in text
    assert "- 断货 S0001 中华(软) 06901028001236: 在库 0 包, 在途 10.5 包" in text
    assert "- [已解除] 断货 S0001 中华(软) 06901028001236: there is something for sale again" in text
    assert text.endswith("另有 10 条未列出")
    assert "12 stock alerts: stock-out 8, expired 4" in text_of(DIGEST, "en")


def test_what_has_no_product_and_no_word_is_told_as_it_is() -> None:
    odd = line(
        kind="something_new", gtin=None, name=None, subject="Z1", sticks_per_pack=None, figures={"x": 1}
    )
    assert "- something_new S0001 Z1" in text_of(Digest(counts=[], stores=[], lines=[odd]), "en")


def test_a_webhook_gets_the_figures_themselves() -> None:
    document = document_of(DIGEST)
    assert (document["total"], document["omitted"], len(document["alerts"])) == (12, 10, 2)
    assert document["alerts"][0]["figures"] == {"on_hand_sticks": 0, "on_order_sticks": 210}
