import time
from uuid import UUID

from humidor_common.ids import uuid7, uuid7_text


def test_ids_rise_strictly_and_are_version_7() -> None:
    made = [uuid7() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert {(each.version, each.variant) for each in made} == {(7, "specified in RFC 4122")}


def test_an_id_tells_when_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7().int >> 80
    assert before <= made <= time.time_ns() // 1_000_000


def test_ids_made_as_text_are_the_same_ids_and_rise_with_the_others() -> None:
    made = [str(uuid7()) if number % 2 else uuid7_text() for number in range(1_000)]
    assert made == sorted(set(made)) == [str(UUID(each)) for each in made]
    assert {UUID(each).version for each in made} == {7}
