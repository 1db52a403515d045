"""The faces of cells, the same in every report."""

from typing import Any

from core.sheets.report import Kind

FACE = {"font_name": "宋体", "font_size": 10.5, "valign": "vcenter"}
FORMATS: dict[Kind, dict[str, Any]] = {
    "text": {"align": "center", "text_wrap": True, "num_format": "@"},
    "long": {"align": "left", "indent": 1, "text_wrap": True, "num_format": "@"},
    "code": {"align": "center", "num_format": "@"},
    "rank": {"align": "center", "num_format": "0"},
    "int": {"align": "right", "num_format": "#,##0"},
    "money": {"align": "right", "num_format": "#,##0.00"},
    "score": {"align": "right", "num_format": "0.00"},
    "date": {"align": "center", "num_format": 'yyyy"年"m"月"d"日"'},
}


class Styles:
    """All faces of one workbook. Made in the same order each time, so that their numbers are the same each time."""

    def __init__(self, book: Any) -> None:
        self.style: dict[Kind, Any] = {}
        self.struck: dict[Kind, Any] = {}
        self.alarm: dict[Kind, Any] = {}
        self.framed: dict[Kind, Any] = {}
        self.bold: dict[Kind, Any] = {}
        self.part: dict[Kind, Any] = {}
        head = {"font_name": "黑体", "align": "center", "text_wrap": True, "border": 1, "bg_color": "#E7E6E6"}
        self.head = book.add_format({**FACE, **head})
        for kind, form in FORMATS.items():
            base = {**FACE, "border": 1, **form}
            marked = form["num_format"] + '"※"'
            if form["align"] == "right":
                base["num_format"] += "_)"  # a little air between the last digit and the line
            self.style[kind] = book.add_format(base)
            self.struck[kind] = book.add_format({**base, "underline": 1, "bg_color": "#D9D9D9", "num_format": marked})
            low = form["num_format"] + '"▼"'
            self.alarm[kind] = book.add_format({**base, "bold": True, "bg_color": "#F8B4B4", "num_format": low})
            self.framed[kind] = book.add_format(
                {**base, "bold": True, "bg_color": "#F8B4B4", "num_format": low, "border": 2}
            )
            self.bold[kind] = book.add_format({**base, "bold": True})
            self.part[kind] = book.add_format({**base, "bold": True, "bg_color": "#F2F2F2"})
        count = {**FACE, "border": 1, "bold": True, "align": "center", "num_format": '#,##0" 项"'}
        self.count = book.add_format(count)
        self.part_count = book.add_format({**count, "bg_color": "#F2F2F2"})
        self.title = book.add_format({**FACE, "bold": True, "font_size": 18, "align": "center", "text_wrap": True})
        self.plain = book.add_format({**FACE, "text_wrap": True})
        self.right = book.add_format({**FACE, "align": "right"})
        self.box = book.add_format(
            {**FACE, "border": 1, "text_wrap": True, "align": "left", "indent": 1, "valign": "top"}
        )
        # The streamed sheet names faces by number, so they are numbered now and not when first used.
        self.number = {kind: face._get_xf_index() for kind, face in self.style.items()}  # noqa: SLF001
        self.head_number: int = self.head._get_xf_index()  # noqa: SLF001
