"""Words that people of the trade write in their tables, and Chinese for what is wrong with them."""

import re

from humidor_common.tables.headings import Column

STATES = {"正常": "active", "营业": "active", "潜在": "prospect", "新户": "prospect", "关闭": "closed",
          "注销": "closed", "歇业": "closed"}  # fmt: skip
FORMATS = {
    "食杂店": "grocery",
    "便利店": "convenience",
    "超市": "supermarket",
    "商场": "mall",
    "烟酒店": "tobacco_liquor",
    "娱乐服务": "entertainment",
    "娱乐服务类": "entertainment",
    "其他": "other",
    "其它": "other",
}
MARKETS = {
    "城镇": "urban",
    "城市": "urban",
    "城网": "urban",
    "乡村": "rural",
    "农村": "rural",
    "农网": "rural",
}
STATUSES = {"正常": "active", "有效": "active", "恢复": "active", "停业": "suspended", "暂停": "suspended",
            "停业整顿": "suspended", "吊销": "revoked", "取消": "revoked"}  # fmt: skip

CUSTOMER = Column("retailer_id", ("客户编码", "客户代码", "客户编号"), ("customer", "customer id"))
LICENCE = Column(
    "licence_number",
    ("许可证号", "专卖许可证号", "烟草专卖零售许可证号"),
    ("licence", "license"),
    digits=True,
    note=("12 digits; format the column as text", "12 位数字；请把该列设为文本"),
)

CHINESE = (
    (r"an active customer needs a licence_number", "正常客户必须有许可证号"),
    (r"dates of a licence need a licence_number", "填写许可证有效期时必须填写许可证号"),
    (r"licence_valid_until is not before licence_valid_from", "有效期止不能早于有效期起"),
    (r"currency is needed beside credit_limit_minor", "填写信用额度时必须填写币种"),
    (
        r"contact(\d?)_(?:phone|role|email) needs a contact\d?_name",
        "填写联系人{0}的信息时必须填写其姓名",
    ),
    (r"is not a time zone of the IANA database.*", "不是 IANA 时区，例如 Asia/Shanghai"),
    (r"is not known to the database", "数据库不认识这个时区"),
    (r"belongs to customer (.+)", "已属于客户 {0}"),
    (r"(.+) belongs to customer (.+)", "{0} 已属于客户 {1}"),
    (r"there is no store (.+)", "没有门店 {0}"),
    (r"there is no such customer", "没有这个客户"),
    (r"was merged into (.+)", "已合并到 {0}"),
    (r"The record was merged into '(.+)'\.", "该客户已合并到 {0}"),
    (r"makes a circle: (.+)", "上下级关系成环：{0}"),
    (r"does not go from (.+) to (.+)", "状态不能由 {0} 变为 {1}"),
    (r"is (suspended|revoked), which would be forgotten", "许可证已被停业整顿或吊销，不能直接删除"),
    (r"is required", "不能为空"),
    (r"no live customer has this licence", "没有客户持有该许可证"),
    (r"is not built as usual: .+", "第 7 位通常是 1 或 2，请核对"),
)


def translate(message: str) -> str:
    """Say a message in Chinese, as far as it is known."""
    for pattern, chinese in CHINESE:
        if found := re.fullmatch(pattern, message):
            return chinese.format(*found.groups())
    return f"数值不符合要求：{message}"
