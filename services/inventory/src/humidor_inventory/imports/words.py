"""Headings and words that people of the trade write, in Chinese."""

from collections.abc import Mapping

from humidor_common.tables.headings import Column

STORE_ID = Column("store_id", ("门店编号", "门店代码", "门店", "仓库编号"), ("store", "shop"))
GTIN = Column(
    "gtin",
    ("商品条码", "条码", "条形码", "盒码"),
    ("ean", "barcode", "bar code", "upc"),
    digits=True,
    note=("8, 12, 13 or 14 digits; format the column as text", "8、12、13 或 14 位数字；请把该列设为文本"),
)
UNITS: Mapping[str, str] = {
    "支": "stick",
    "盒": "pack",
    "包": "pack",
    "条": "carton",
    "件": "case",
    "sticks": "stick",
    "packs": "pack",
    "cartons": "carton",
    "cases": "case",
}
"""Without 箱: it is a case to some and 50,000 sticks, the unit of statistics, to others."""
UNIT = Column(
    "unit",
    ("单位", "计量单位"),
    ("uom",),
    words=UNITS,
    note=("of every quantity in the row", "本行所有数量的单位；“箱”有歧义，请写“件”"),
)
IN_USE = {"在售": "active", "正常": "active", "启用": "active", "在用": "active"}

CHINESE = (
    (r"a GTIN has 8, 12, 13 or 14 digits", "商品条码应为 8、12、13 或 14 位数字"),
    (r"the check digit is (.) where (.) belongs", "校验码是 {0}，应为 {1}"),
    (r"currency is needed beside retail_price_per_pack", "填写零售价时必须填写币种"),
    (r"a case holds no more than 1,000,000,000 sticks", "一件最多 1,000,000,000 支"),
    (r"order_up_to is at least reorder_point", "目标库存不能小于再订货点"),
    (r"expiry_date is not before production_date", "到期日期不能早于生产日期"),
    (r"is not a time zone of the IANA database.*", "不是 IANA 时区，例如 Asia/Shanghai"),
)
