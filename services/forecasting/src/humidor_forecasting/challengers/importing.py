"""Imports of forecasts made elsewhere: CSV, XLSX or SPSS, tried out first."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.imports.api import make_router
from humidor_common.imports.kinds import Finding, Item, Key, Kind, Values
from humidor_common.tables.headings import Column
from humidor_forecasting.challengers import queries
from humidor_forecasting.challengers.schemas import QUANTILES, ImportedDay

_BY_PROBABILITY = {p: name for name, p in QUANTILES}


async def _current(conn: Connection, keys: Sequence[Key]) -> Mapping[Key, Values]:
    found = {}
    for row in await queries.known(conn, keys):
        key = tuple(row[name] for name in FORECASTS.key)
        said = dict.fromkeys(_BY_PROBABILITY.values()) | {
            _BY_PROBABILITY[p]: value for p, value in row["quantiles"].items()
        }
        found[key] = dict(zip(FORECASTS.key, key, strict=True)) | {"mean_sticks": row["mean_sticks"]} | said
    return found


async def _check(conn: Connection, principal: Principal, items: Sequence[Item]) -> list[Finding]:
    """Find stores and products that are not there, and what would rewrite what has come true."""
    stores, products = await _known(conn, items)
    tomorrow = utc_now().date() + timedelta(days=1)
    found = []
    for place, item in enumerate(items):
        row: ImportedDay = item.values
        if not principal.may_use_store(row.store_id):
            message = f"this credential is not valid for store {row.store_id}"
            found.append(
                Finding(place, "store_id", "store-forbidden", message, f"无权操作门店 {row.store_id}")
            )
        elif row.store_id not in stores:
            found.append(_unknown(place, "store_id", "store", "没有这个门店"))
        if row.gtin not in products:
            found.append(_unknown(place, "gtin", "product", "没有这个商品"))
        found += _times(place, item, tomorrow)
    return found


def _unknown(place: int, name: str, what: str, chinese: str) -> Finding:
    return Finding(place, name, f"unknown-{what}", f"there is no such {what}", chinese)


def _times(place: int, item: Item, tomorrow: date) -> list[Finding]:
    row: ImportedDay = item.values
    if row.data_until >= tomorrow:
        message = "lies in the future: nobody has these data yet"
        return [Finding(place, "data_until", "cut-in-future", message, "数据截止日期在未来")]
    if item.before is not None and not item.same and row.day < tomorrow - timedelta(days=1):
        message = "has come true: what was forecast of it stays as it was imported first"
        return [Finding(place, "day", "day-has-come", message, "该日期已经过去，首次导入的预测不能再修改")]
    if row.day < tomorrow - timedelta(days=1):
        message = "had come true before the file arrived: it is shown, but no policy chooses by it"
        return [Finding(place, "day", "unproven", message, "该日期在导入前已经过去，仅供参考", warning=True)]
    return []


async def _known(conn: Connection, items: Sequence[Item]) -> tuple[set[str], set[str]]:
    stores = await conn.fetch(
        "SELECT store_id FROM stores WHERE store_id = ANY($1::text[])",
        sorted({item.values.store_id for item in items}),
    )
    products = await conn.fetch(
        "SELECT gtin FROM products WHERE gtin = ANY($1::text[])",
        sorted({item.values.gtin for item in items}),
    )
    return {row[0] for row in stores}, {row[0] for row in products}


async def _write(
    conn: Connection, principal: Principal, items: Sequence[Item], now: datetime
) -> list[Finding]:
    await conn.execute(
        """INSERT INTO challengers (source, choose, least_days, better_by, version, changed_at, changed_by)
           SELECT source, 'by_hand', 14, 0.03, 1, $2, $3 FROM unnest($1::text[]) AS u(source) ORDER BY 1
           ON CONFLICT DO NOTHING""",
        sorted({item.values.source for item in items}), now, principal.subject,
    )  # fmt: skip
    rows = [_row(item.values) for item in items]
    await queries.add(conn, rows, now=now)
    return []


def _row(day: ImportedDay) -> tuple[Any, ...]:
    return (
        day.source, day.store_id, day.gtin, day.data_until.isoformat(), day.day.isoformat(), day.mean_sticks,
        day.quantiles(),
    )  # fmt: skip


FORECASTS = Kind(
    name="forecasts",
    title=("Forecasts made elsewhere", "外部预测"),
    model=ImportedDay,
    key=("source", "store_id", "gtin", "data_until", "day"),
    columns=(
        Column(
            "source", ("来源", "预测来源"), ("model",), note=("who or what made it", "由谁或什么模型作出")
        ),
        Column("store_id", ("门店编号", "门店代码", "门店"), ("store", "shop")),
        Column("gtin", ("商品条码", "条码"), ("ean", "barcode"), digits=True),
        Column(
            "data_until",
            ("数据截止",),
            ("data cut", "cutoff"),
            note=("the last day whose demand it had seen", "预测时已知的最后一天"),
        ),
        Column("day", ("日期", "预测日期"), ("date", "ds")),
        Column("mean_sticks", ("预测量", "预测量(支)"), ("forecast", "mean", "yhat")),
    ),
    current=_current,
    check=_check,
    write=_write,
    chinese=(
        (r"day is after data_until: .*", "日期必须晚于数据截止日期"),
        (r"day is at most ([0-9]+) days after data_until", "日期最多在数据截止后 {0} 天"),
        (r"quantiles rise with their probability", "分位数必须随概率递增"),
    ),
    example={
        "source": "spss-arima",
        "store_id": "S0001",
        "gtin": "06901028075763",
        "data_until": date(2026, 11, 25),
        "day": date(2026, 11, 26),
        "mean_sticks": 240,
        "q10_sticks": 160,
        "q50_sticks": 236,
        "q90_sticks": 330,
    },
)
router = make_router("forecasting", (FORECASTS,))
