"""What stands on charts, in English and Chinese."""

from humidor_forecasting.plots.work import Language

_WORDS: dict[str, tuple[str, str]] = {
    "forecast_of": ("Demand and forecast: {name}, {store}", "需求与预测：{name}，{store}"),
    "parts_of": ("Demand taken apart: {name}, {store}", "需求分解：{name}，{store}"),
    "every_store": ("all stores", "全部门店"),
    "every_product": ("all products", "全部商品"),
    "day": ("Day", "日期"),
    "sticks": ("Sticks a day", "每日支数"),
    "history": ("demand", "历史需求"),
    "actual": ("what was then demanded", "实际需求"),
    "median": ("median", "预测中位数"),
    "mean": ("mean", "预测均值"),
    "band": ("{share:.0f} % of outcomes", "{share:.0f} % 区间"),
    "promotion": ("promotion", "促销"),
    "stock_out": ("sold out", "断货"),
    "holiday": ("holiday", "节假日"),
    "demand": ("Demand", "需求"),
    "trend": ("Trend", "趋势"),
    "weekly": ("Week", "周内"),
    "yearly": ("Year", "年内"),
    "days": ("Holidays, promotions", "节假日、促销"),
    "remainder": ("Remainder", "残差"),
}


def say(language: Language, word: str, **values: object) -> str:
    """Give a word or sentence in a language."""
    return _WORDS[word][language == "zh"].format(**values)
