"""`build/bench.json`: halves of the benches that run at once lose none of each other's figures."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.report import Result, merge, read


def test_runs_at_once_lose_no_figure(tmp_path: Path) -> None:
    path = tmp_path / "build" / "bench.json"
    with ThreadPoolExecutor(8) as runs:
        for number in range(40):
            runs.submit(merge, [Result(name=f"figure.{number:02}", unit="s", value=number)], path)
    assert [each.value for each in read(path)] == list(range(40))


def test_a_new_figure_takes_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    for value in (1, 2):
        merge([Result(name="figure", unit="s", value=value)], path)
    assert [each.value for each in read(path)] == [2]
