"""What callers send and see of elasticities."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from humidor_common.web.inputs import Day, Input
from humidor_forecasting.aggregates.schemas import ScopeInput
from humidor_forecasting.inputs import Code

MOST_ROWS = 20_000
Columns = Annotated[list[Code], Field(max_length=30)]


class ElasticityRequest(Input):
    """Rows as columns, and what each column is.

    `controls` are taken as logarithms, `dummies` (0 and 1) as they are. `instruments` move the price and, but
    through it, not demand: taxes, cost of freight; those in `linear_instruments` are not taken as logarithms.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{
                "columns": {"packs": [101, 111, 72, 57, 83, 88, 103, 90],
                            "price": [158, 176, 199, 211, 167, 198, 151, 189],
                            "sales_tax": [0.9, 5.5, 6.6, 0, 0, 6.8, 0, 0]},
                "quantity": "packs", "price": "price", "instruments": ["sales_tax"],
                "linear_instruments": ["sales_tax"],
            }]
        }
    )  # fmt: skip

    columns: Annotated[
        dict[Code, Annotated[list[FiniteFloat], Field(max_length=MOST_ROWS)]], Field(max_length=64)
    ]
    quantity: Code
    price: Code
    controls: Columns = Field(default_factory=list)
    dummies: Columns = Field(default_factory=list)
    instruments: Columns = Field(default_factory=list)
    linear_instruments: Columns = Field(default_factory=list)
    level: Annotated[float, Field(ge=0.5, le=0.999)] = 0.95

    @model_validator(mode="after")
    def _check_columns(self) -> "ElasticityRequest":
        used = [self.quantity, self.price, *self.controls, *self.dummies, *self.instruments]
        if missing := sorted(set(used) - self.columns.keys()):
            raise ValueError(f"there is no column {missing[0]}")
        if len(set(used)) < len(used):
            raise ValueError("a column is named for two things")
        if len({len(self.columns[name]) for name in used}) > 1:
            raise ValueError("the columns are not equally long")
        if not set(self.linear_instruments) <= set(self.instruments):
            raise ValueError("linear_instruments are some of the instruments")
        return self


class Step(Input):
    """A value that holds from this day until the next step."""

    starts_on: Day
    value: FiniteFloat


class DemandElasticityRequest(ScopeInput):
    """Which series, of which days; whole weeks of the last three years where no days are given.

    `instruments` move the price and, but through it, not demand: such as the tax on a pack, which holds from
    a day on. Those in `linear_instruments` are not taken as logarithms.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{
                "brand": "Loop", "first_day": "2024-01-01",
                "instruments": {"tax_per_pack": [{"starts_on": "2023-01-01", "value": 1200},
                                                 {"starts_on": "2025-05-10", "value": 1350}]},
            }]
        }
    )  # fmt: skip

    first_day: Day | None = None
    last_day: Day | None = None
    instruments: Annotated[
        dict[Code, Annotated[list[Step], Field(min_length=1, max_length=2000)]], Field(max_length=10)
    ] = Field(default_factory=dict)
    linear_instruments: Columns = Field(default_factory=list)
    level: Annotated[float, Field(ge=0.5, le=0.999)] = 0.95


class CoefficientView(BaseModel):
    """A coefficient; standard error, interval and p-value bear unequal variance (HC1).

    Of weeks of demand they also bear that series and neighbouring weeks go together (Driscoll and Kraay).
    """

    name: str
    value: float
    standard_error: float
    low: float
    high: float
    p_value: float


class DiagnosticView(BaseModel):
    """A figure that tells whether to trust the rest, and how it is read."""

    name: str
    value: float
    reading: str


class EstimateRow(BaseModel):
    """One line of an estimate as a table; the elasticity itself is the coefficient of the price."""

    part: Annotated[Literal["coefficient", "diagnostic"], Field(description="What the line tells 类别")]
    name: Annotated[str, Field(description="Coefficient or diagnostic 名称")]
    value: Annotated[float, Field(description="Its value 估计值")]
    standard_error: Annotated[float | None, Field(description="Robust standard error 稳健标准误")]
    low: Annotated[float | None, Field(description="Lower bound of the interval 下限")]
    high: Annotated[float | None, Field(description="Upper bound of the interval 上限")]
    p_value: Annotated[float | None, Field(description="p-value P 值")]
    reading: Annotated[str | None, Field(description="How it is read 解读")]
    method: Annotated[str, Field(description="Method of the estimate 方法")]
    rows: Annotated[int, Field(description="Rows that were used 样本量")]


class ElasticityView(BaseModel):
    """An estimate; `elasticity` is by how many percent demand changes where the price rises by one.

    `series` and `weeks` count what an estimate of recorded demand is made of.
    """

    method: str
    rows: int
    elasticity: CoefficientView
    coefficients: list[CoefficientView]
    r_squared: float
    diagnostics: list[DiagnosticView]
    remarks: list[str]
    series: int | None = None
    weeks: int | None = None
