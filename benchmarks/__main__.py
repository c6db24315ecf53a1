"""Measures Humidor against limits measured in the same run.

    python -m benchmarks [NAME...]        BENCH_SHORT=1 for the short form

Figures go to build/bench.json, those of other benches stay.
"""

import argparse
import os
import sys
from collections.abc import Callable
from importlib import import_module

from benchmarks.report import Result, markdown, merge, table
from benchmarks.system import Effort, System
from benchmarks.weather import Weather

Bench = Callable[[System], list[Result]]
LEFT_OUT_IN_SHORT = {"memory"}
"""Starts a whole system to read its memory once, as a test of the running system does anyway."""

BENCHES = {
    "sales": "sales.bench_sales",
    "whole": "sales.bench_whole",
    "batch": "sales.bench_batch",
    "relay": "pipeline.bench_relay",
    "consumer": "pipeline.bench_consumer",
    "latency": "latency.bench_latency",
    "memory": "memory.bench_memory",
    "growth": "growth.bench_growth",
    "plan": "plan.bench_plan",
    "gateway": "gateway.bench_gateway",
    "climate": "climate.bench_climate",
    "stock-query": "stock_query.bench_stock_query",
    "turnover": "turnover.bench_turnover",
    "orders": "orders.bench_orders",
    "strategy": "strategy.bench_strategy",
    "customers": "customers.bench_customers",
    "timeline": "timeline.bench_timeline",
    "market": "market.bench_market",
    "mining": "mining.bench_mining",
    "forecast": "forecast.bench_forecast",
    "forecast-speed": "forecast_speed.bench_forecast_speed",
    "forecast-value": "forecast_value.bench_forecast_value",
}


def load(name: str) -> Bench:
    module, function = BENCHES[name].split(".")
    bench: Bench = getattr(import_module(f"benchmarks.{module}"), function)
    return bench


def part(text: str) -> slice:
    """Read `2/3`: every third from the second on."""
    first, step = (int(number) for number in text.split("/"))
    return slice(first - 1, None, step)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(BENCHES)}")
    parser.add_argument("--markdown", action="store_true", help="print the table for the documentation")
    parser.add_argument(
        "--part", type=part, default="1/1", metavar="I/N", help="every N-th bench from the I-th on"
    )
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHES):
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    effort = Effort(short=os.environ.get("BENCH_SHORT", "0") not in {"", "0"})
    results: list[Result] = []
    every = [name for name in BENCHES if not (effort.short and name in LEFT_OUT_IN_SHORT)]
    with System(effort) as system:
        for name in (options.names or every)[options.part]:
            weather = Weather()
            print(f"{name} ...", end=" ", flush=True)
            results += load(name)(system)
            merge(results)
            print(weather.report(), flush=True)
            system.tidy()
    print(markdown(results) if options.markdown else table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
