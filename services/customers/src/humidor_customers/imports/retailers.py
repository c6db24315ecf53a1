"""Imports of trade customers and of what authorities say of their licences."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints, model_validator

from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.imports.kinds import Finding, Item, Key, Kind, Values
from humidor_common.tables.headings import Column
from humidor_common.web.inputs import Contactable, Label, Name
from humidor_common.web.problems import Problem
from humidor_customers.fields.service import list_fields
from humidor_customers.imports.custom import cells_of, columns_of, custom_of, model_of
from humidor_customers.imports.rules import join_list, split_list
from humidor_customers.imports.words import CHINESE, CUSTOMER, FORMATS, LICENCE, MARKETS, STATES, translate
from humidor_customers.inputs import RetailerId
from humidor_customers.retailers import queries
from humidor_customers.retailers.rules import is_usual_licence
from humidor_customers.retailers.schemas import RetailerInput
from humidor_customers.retailers.service import put_retailers, try_retailers

ListCell = Annotated[
    str,
    StringConstraints(max_length=5000),
    AfterValidator(lambda text: join_list(split_list(text))),
]

PARTS = ("name", "role", "phone", "email")
PREFIXES = ("contact", "contact2", "contact3")
_CELLS = {"tags": "tag_list", "store_ids": "store_list"}


class RetailerItem(RetailerInput):
    """A trade customer of a file: three contacts, and lists in one cell each."""

    retailer_id: RetailerId
    contact_name: Name | None = None
    contact_role: Label | None = None
    contact_phone: Contactable | None = None
    contact_email: Contactable | None = None
    contact2_name: Name | None = None
    contact2_role: Label | None = None
    contact2_phone: Contactable | None = None
    contact2_email: Contactable | None = None
    contact3_name: Name | None = None
    contact3_role: Label | None = None
    contact3_phone: Contactable | None = None
    contact3_email: Contactable | None = None
    tag_list: ListCell | None = None
    store_list: ListCell | None = None

    @model_validator(mode="after")
    def _check_contacts(self) -> "RetailerItem":
        for prefix in PREFIXES:
            for part in ("phone", "role", "email"):
                if getattr(self, f"{prefix}_{part}") and not getattr(self, f"{prefix}_name"):
                    raise ValueError(f"{prefix}_{part} needs a {prefix}_name")
        return self


def to_input(item: RetailerItem, contacts: Sequence[Mapping[str, Any]]) -> RetailerInput:
    """Give the customer that a row stands for; further contacts than a row has stay."""
    rows = [{part: getattr(item, f"{prefix}_{part}") for part in PARTS} for prefix in PREFIXES]
    named = [row for row in rows if row["name"]] + [dict(each) for each in contacts[len(PREFIXES) :]]
    values = {name: getattr(item, name) for name in RetailerInput.model_fields}
    lists = {"tags": split_list(item.tag_list), "store_ids": split_list(item.store_list)}
    custom = item.custom | custom_of(item)
    values |= lists | {"contacts": named, "custom": {n: v for n, v in custom.items() if v is not None}}
    return RetailerInput.model_validate(values)


async def _current(conn: Connection, keys: Sequence[Key]) -> Mapping[Key, Values]:
    found = await queries.read(conn, [key[0] for key in keys])
    fields = await list_fields(conn)
    return {
        (retailer_id,): _flat(each) | cells_of(each["custom"], fields) for retailer_id, each in found.items()
    }


def _flat(document: Values) -> Values:
    contacts: list[Mapping[str, Any]] = document["contacts"]
    rows = [*contacts[: len(PREFIXES)], *[{}] * len(PREFIXES)]
    cells = {
        f"{prefix}_{part}": row.get(part)
        for prefix, row in zip(PREFIXES, rows, strict=False)
        for part in PARTS
    }
    lists = {"tag_list": join_list(document["tags"]), "store_list": join_list(document["store_ids"])}
    return document | cells | lists


def _inputs(items: Sequence[Item], mistakes: list[Finding]) -> dict[str, tuple[int, RetailerInput]]:
    given = {}
    for place, item in enumerate(items):
        contacts = item.before["contacts"] if item.before else []
        try:
            given[item.values.retailer_id] = (place, to_input(item.values, contacts))
        except ValueError as error:
            mistakes += _unfit(place, error)
    return given


def _unfit(place: int, error: ValueError) -> Iterator[Finding]:
    for each in getattr(error, "errors", list)():
        field = _CELLS.get(str(each["loc"][0]), "") if each["loc"] else ""
        message = each["msg"].removeprefix("Value error, ")
        yield Finding(place, field, "invalid", message, translate(message))


async def _check(conn: Connection, _: Principal, items: Sequence[Item]) -> list[Finding]:
    findings: list[Finding] = []
    given = _inputs(items, findings)
    outcomes = await try_retailers(conn, {key: each for key, (_, each) in given.items()}, now=utc_now())
    findings += [
        finding
        for each in outcomes
        if each.problem
        for finding in _refusals(given[each.retailer_id][0], each.problem)
    ]
    return findings + list(_unusual(items))


def _unusual(items: Sequence[Item]) -> Iterator[Finding]:
    for place, item in enumerate(items):
        number = item.values.licence_number
        if number and not item.same and not is_usual_licence(number):
            message = "is not built as usual: its 7th digit is neither 1 nor 2"
            yield Finding(
                place, "licence_number", "unusual-licence", message, translate(message), warning=True
            )


async def _write(
    conn: Connection, principal: Principal, items: Sequence[Item], now: datetime
) -> list[Finding]:
    findings: list[Finding] = []
    given = _inputs(items, findings)
    if findings:
        return findings
    wanted = {key: each for key, (_, each) in given.items()}
    outcomes = await put_retailers(conn, principal, wanted, now=now, reason="import")
    return [
        finding
        for each in outcomes
        if each.problem
        for finding in _refusals(given[each.retailer_id][0], each.problem)
    ]


def _refusals(place: int, problem: Problem) -> Iterator[Finding]:
    if not problem.errors:
        yield Finding(place, "retailer_id", problem.code, problem.detail, translate(problem.detail))
    for each in problem.errors:
        field = _CELLS.get(each.field, each.field.replace("custom.", "custom_"))
        yield Finding(place, field, problem.code, each.message, translate(each.message))


async def _with_custom_fields(conn: Connection) -> Kind:
    """Give the kind with a column for each custom field that takes values."""
    definitions = [each for each in await list_fields(conn) if not each.retired]
    columns = RETAILERS.columns + columns_of(definitions)
    return replace(RETAILERS, model=model_of(RetailerItem, definitions), columns=columns)


async def lock_everything(conn: Connection, _: Sequence[Key]) -> None:
    await queries.lock_all(conn)


_LISTED = ("several with ; between", "多个用“;”分隔")

RETAILERS = Kind(
    name="retailers",
    title=("Trade customers", "零售客户"),
    model=RetailerItem,
    key=("retailer_id",),
    columns=(
        CUSTOMER,
        Column("name", ("客户名称", "店铺名称", "企业名称", "名称")),
        LICENCE,
        Column("licence_valid_from", ("许可证有效期起", "有效期起")),
        Column("licence_valid_until", ("许可证有效期止", "有效期止", "有效期至")),
        Column("state", ("客户状态", "状态"), words=STATES),
        Column("business_format", ("业态", "经营业态"), ("format",), words=FORMATS),
        Column("market_type", ("市场类型",), words=MARKETS),
        Column("trade_area", ("商圈", "商圈类型")),
        Column("sales_line", ("访销线路", "销售线路", "线路")),
        Column("compliance_grade", ("诚信等级", "守法等级")),
        Column(
            "credit_limit_minor",
            ("信用额度(分)",),
            note=("in minor units: 2500 is 25.00", "单位为分：2500 即 25.00 元"),
        ),
        Column("currency", ("币种", "货币")),
        Column("address", ("经营地址", "地址")),
        Column("parent_id", ("上级客户编码", "连锁总部编码"), ("parent", "chain")),
        Column("time_zone", ("时区",)),
        Column("contact_name", ("联系人", "负责人", "经营者"), ("contact",)),
        Column("contact_role", ("联系人职务",)),
        Column("contact_phone", ("联系电话", "电话", "手机"), ("phone",), digits=True),
        Column("contact_email", ("联系人邮箱",), ("email",)),
        *(
            column
            for n in (2, 3)
            for column in (
                Column(f"contact{n}_name", (f"联系人{n}",), (f"contact {n}",)),
                Column(f"contact{n}_role", (f"联系人{n}职务",)),
                Column(f"contact{n}_phone", (f"联系电话{n}", f"联系人{n}电话"), (f"phone {n}",), digits=True),
                Column(f"contact{n}_email", (f"联系人{n}邮箱",), (f"email {n}",)),
            )
        ),
        Column("tag_list", ("标签",), ("tags",), note=_LISTED),
        Column("store_list", ("门店编号",), ("stores", "store_ids"), note=_LISTED),
    ),
    current=_current,
    check=_check,
    write_checks=True,
    write=_write,
    lock=lock_everything,
    permit=Principal.check_every_store,
    chinese=CHINESE,
    renew=_with_custom_fields,
    example={
        "retailer_id": "C0001",
        "name": "城南便利店",
        "licence_number": "330102100001",
        "licence_valid_from": "2024-03-01",
        "licence_valid_until": "2029-02-28",
        "state": "active",
        "business_format": "convenience",
        "market_type": "urban",
        "sales_line": "L12",
        "contact_name": "王芳",
        "contact_phone": "13812345678",
    },
)
