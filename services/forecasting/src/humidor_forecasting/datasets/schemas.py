"""Rows of the data sets; descriptions become the labels of variables in SPSS and SAS."""

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, Field

Weekday: TypeAlias = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip
Kind: TypeAlias = Literal["smooth", "erratic", "intermittent", "lumpy", "none"]
Part: TypeAlias = Literal["champion", "challenger", "candidate"]
Quantile = Annotated[float | None, Field(description="Demand is at most this with the probability named")]


class SeriesRow(BaseModel):
    """What every row says of its series."""

    store_id: Annotated[str, Field(description="Store 门店编号")]
    store_name: Annotated[str | None, Field(description="Name of the store 门店名称")]
    area: Annotated[str | None, Field(description="Trade area 商圈")]
    gtin: Annotated[str, Field(description="Product (GTIN) 商品条码")]
    product_name: Annotated[str | None, Field(description="Name of the product 商品名称")]
    brand: Annotated[str | None, Field(description="Brand 品牌")]
    price_class: Annotated[str | None, Field(description="Price class 价类")]


class DemandRow(SeriesRow):
    """Demand of one store, product and whole day; days without any are there with zeros."""

    day: Annotated[date, Field(description="Day of the store 日期")]
    weekday: Annotated[Weekday, Field(description="Day of the week 星期")]
    holiday: Annotated[str | None, Field(description="Public holiday 法定节假日")]
    demand_sticks: Annotated[int, Field(description="Demand in sticks: sold and requested 需求量（支）")]
    sold_sticks: Annotated[int, Field(description="Sold, net of returns, in sticks 零售（支）")]
    requested_sticks: Annotated[int, Field(description="Requested by trade customers, sticks 订货（支）")]
    cut_sticks: Annotated[int, Field(description="Requested but cut by a cap, in sticks 限量（支）")]
    amount_minor: Annotated[int, Field(description="Amount in minor units of money 金额（分）")]
    currency: Annotated[str | None, Field(description="Currency 币种")]
    price_minor_per_stick: Annotated[
        float | None, Field(description="Mean price of what was sold, minor units a stick 均价（分/支）")
    ]
    stock_out: Annotated[bool, Field(description="Sold out at some time of the day 断货")]
    promotion: Annotated[bool, Field(description="A promotion was on 促销")]
    censored: Annotated[bool, Field(description="Demand was, or may have been, higher 需求被截断")]


class ForecastRow(SeriesRow):
    """One day of the newest forecast of a store and product; q90 is the quantile of 90 %."""

    day: Annotated[date, Field(description="Day that is forecast 预测日期")]
    days_ahead: Annotated[int, Field(description="Days ahead, 1 for the first 提前天数")]
    mean_sticks: Annotated[float, Field(description="Expected demand in sticks 期望需求（支）")]
    q025_sticks: Quantile
    q05_sticks: Quantile
    q10_sticks: Quantile
    q25_sticks: Quantile
    q50_sticks: Quantile
    q75_sticks: Quantile
    q80_sticks: Quantile
    q90_sticks: Quantile
    q95_sticks: Quantile
    q975_sticks: Quantile
    q99_sticks: Quantile
    model: Annotated[str, Field(description="Model that was chosen 模型")]
    challenger: Annotated[str | None, Field(description="Second best model 挑战模型")]
    kind: Annotated[Kind, Field(description="Kind of demand 需求类型")]
    fell_back: Annotated[bool, Field(description="No model could be chosen by a backtest 退回简单模型")]
    data_until: Annotated[datetime, Field(description="What happened until then was seen 数据截止")]
    issued_at: Annotated[datetime, Field(description="When it was issued 发布时间")]
    forecast_id: Annotated[UUID, Field(description="Its id 预测编号")]


class ScoreRow(SeriesRow):
    """What one candidate scored when the newest forecast of a store and product was chosen."""

    model: Annotated[str, Field(description="Candidate 候选模型")]
    part: Annotated[Part, Field(description="What became of it 角色")]
    cost: Annotated[float | None, Field(description="Mean quantile loss, sticks 分位数损失")]
    mase: Annotated[float | None, Field(description="Mean absolute scaled error")]
    wape: Annotated[float | None, Field(description="Weighted absolute percentage error")]
    rmsse: Annotated[float | None, Field(description="Root mean squared scaled error")]
    bias: Annotated[float | None, Field(description="Error as a share of demand, above 0 too high 偏差")]
    pinball: Annotated[float | None, Field(description="Mean quantile loss, scaled")]
    coverage_80: Annotated[float | None, Field(description="Share inside the 80 % interval")]
    coverage_95: Annotated[float | None, Field(description="Share inside the 95 % interval")]
    origins: Annotated[int | None, Field(description="Forecasts of the backtest 回测次数")]
    kind: Annotated[Kind, Field(description="Kind of demand 需求类型")]
    issued_at: Annotated[datetime, Field(description="When the forecast was issued 发布时间")]
    forecast_id: Annotated[UUID, Field(description="Its id 预测编号")]
