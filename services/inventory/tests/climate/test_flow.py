"""From a reading to the lots that lay there, on a real database."""

from .conftest import Watched


async def test_an_excursion_opens_is_told_with_its_lots_and_ends(watched: Watched, gtin: str) -> None:
    await watched.shop.receive((gtin, 5, "A"), (gtin, 3, "B"))
    await watched.push_steadily("t1", 0, 60, 25)
    await watched.push_steadily("t1", 60, 95, 33)
    await watched.judge(96)
    (found,) = await watched.excursions(state="open")
    assert watched.minutes(found) == (60, 90, None)
    assert (found["peak_value"], found["limit_value"], found["measure"]) == (33, 30, "temperature")
    assert await watched.alerts() == [("climate_excursion", "back-room/temperature")]
    await watched.push_steadily("t1", 95, 130, 24)
    await watched.judge(130)
    assert [each["phase"] for each in await watched.told()] == ["started", "ended"]
    assert await watched.alerts() == []
    (ended,) = await watched.excursions(state="ended")
    assert watched.minutes(ended) == (60, 90, 95)
    assert ended["deviation_minutes"] == 3 * 35
