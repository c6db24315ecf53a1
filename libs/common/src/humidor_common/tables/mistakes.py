"""What can be wrong with a file, each with a code and a sentence in English and Chinese."""

from typing import Any

import msgspec

MESSAGES: dict[str, tuple[str, str]] = {
    "empty-file": ("the file is empty", "文件为空"),
    "no-rows": ("there is no row below the headings", "表头下面没有数据行"),
    "too-many-rows": ("there are more than {limit} rows", "数据超过 {limit} 行"),
    "unknown-encoding": (
        "is no text in UTF-8, UTF-16 or GB 18030, and no workbook",
        "既不是 UTF-8、UTF-16 或 GB 18030 文本，也不是工作簿",
    ),
    "broken-table": ("is no table: {detail}", "不是有效的表格：{detail}"),
    "broken-workbook": ("the workbook cannot be read: {detail}", "工作簿无法读取：{detail}"),
    "hostile-workbook": ("the workbook is refused: {detail}", "工作簿被拒绝：{detail}"),
    "file-too-large": (
        "the workbook holds more than can be read: {detail}",
        "工作簿内容过大，无法读取：{detail}",
    ),
    "file-too-slow": (
        "the workbook takes too long to read; save it as CSV",
        "工作簿读取时间过长，请另存为 CSV",
    ),
    "old-workbook": (
        "an .xls or password-protected workbook; save it as .xlsx without a password",
        "这是 .xls 或加密的工作簿，请另存为不加密的 .xlsx",
    ),
    "binary-workbook": ("an .xlsb workbook; save it as .xlsx", "这是 .xlsb 工作簿，请另存为 .xlsx"),
    "no-workbook": ("is no workbook; send an .xlsx file", "不是工作簿，请上传 .xlsx 文件"),
    "no-sheet": ("the workbook has no visible sheet", "工作簿没有可见的工作表"),
    "no-headings": (
        "no row of headings was found; known headings are {known}",
        "没有找到表头行，可用的列名：{known}",
    ),
    "missing-column": ("this column is missing", "缺少此列"),
    "repeated-column": ("this column stands there twice", "此列重复出现"),
    "unknown-column": ("this column is not known and is left out", "未知的列，已忽略"),
    "too-many-columns": ("only the first {limit} columns are read", "只读取前 {limit} 列"),
    "extra-cells": ("there is a value without a heading: {value}", "有数据没有对应的表头：{value}"),
    "merged-cells": ("the cells {detail} are merged; take them apart", "单元格 {detail} 已合并，请取消合并"),
    "formula-without-value": (
        "a formula whose value is not in the file; open it in a spreadsheet and save it, or paste values",
        "公式没有保存计算结果，请用表格软件打开并保存，或粘贴为数值",
    ),
    "error-value": ("the spreadsheet itself says {value}", "表格中的值是错误 {value}"),
    "number-rounded": (
        "a spreadsheet has rounded the number; format the column as text and enter it again",
        "数字已被表格软件舍入，请把该列设为文本后重新输入",
    ),
    "turned-into-date": (
        "a spreadsheet has made a date of it; format the column as text and enter it again",
        "内容已被表格软件转换成日期，请把该列设为文本后重新输入",
    ),
    "not-a-whole-number": ("is not a whole number", "不是整数"),
    "not-a-number": ("is not a number", "不是数字"),
    "not-a-date": (
        "is no date such as 2026-11-02 or 2026年11月2日",
        "不是日期，例如 2026-11-02 或 2026年11月2日",
    ),
    "ambiguous-date": (
        "could be two dates; write it as 2026-11-02",
        "日期有歧义，请写成 2026-11-02",
    ),
    "not-yes-or-no": ("is neither yes nor no", "不是“是”或“否”"),
    "not-a-choice": ("is none of {known}", "只能是：{known}"),
    "too-many-values": ("a file names {limit} of them at most", "一个文件最多包含 {limit} 个"),
    "empty": ("is empty", "不能为空"),
    "repeated-row": ("says the same as row {other} again: {key}", "与第 {other} 行重复：{key}"),
    "hidden-sheets": ("hidden sheets are not read: {detail}", "隐藏的工作表不读取：{detail}"),
    "other-sheets": ("only the sheet {detail} is read", "只读取工作表 {detail}"),
    "macros-ignored": ("the macros in the workbook are ignored", "工作簿中的宏被忽略"),
    "external-links": (
        "values that come from other workbooks are as they were saved",
        "来自其他工作簿的数值以保存时为准",
    ),
    "wrong-extension": (
        "the name says {said} but the content is {found}",
        "文件名是 {said}，内容却是 {found}",
    ),
    "invalid": ("{detail}", "{detail}"),
}  # fmt: skip

MAX_VALUE_CHARACTERS = 80


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong (or odd) about a file.

    `row` counts as a spreadsheet does, from 1; `column` is the heading as it stands in the file, and `field`
    the name by which the API knows it. `value` is shortened to 80 characters. `code` is stable.
    """

    row: int
    column: str = ""
    field: str | None = None
    value: str | None = None
    code: str
    message: str
    message_zh: str


class CellError(Exception):
    """A cell cannot be what its column needs; carries a code of `MESSAGES` and what its sentence names."""

    def __init__(self, code: str, **named: Any) -> None:
        super().__init__(code)
        self.code = code
        self.named = named


def mistake(
    row: int, code: str, *, column: str = "", field: str | None = None, value: object = None, **named: Any
) -> Mistake:
    """Make a mistake with the sentences of its code."""
    english, chinese = MESSAGES[code]
    shown = None if value is None else shorten(str(value))
    named = {"value": shown, **named}
    return Mistake(
        row=row,
        column=shorten(column),
        field=field,
        value=shown,
        code=code,
        message=english.format(**named),
        message_zh=chinese.format(**named),
    )


def shorten(text: str) -> str:
    """Cut to 80 characters and show what cannot be printed as an escape."""
    cut = text if len(text) <= MAX_VALUE_CHARACTERS else text[: MAX_VALUE_CHARACTERS - 1] + "…"
    return cut if cut.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)
