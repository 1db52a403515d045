"""办理记录 of a record as an Excel file: a line for each change."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from accounts.models import User
from core.clock import local, spoken
from core.sheets import Column, Report, Row, write_report
from jobs.registry import Work, register
from portal.history.kinds import KINDS
from portal.history.views import narrowed, seen_by

COLUMNS = [
    Column("序号", "rank", 6), Column("时间", "text", 20), Column("操作人", "text", 12), Column("操作", "text", 18), Column("涉及", "text", 12),
    Column("改动的内容", "text", 18), Column("原来", "long", 30), Column("现在", "long", 30), Column("理由", "long", 30),
]  # fmt: skip


def may_read(user: Any, params: Mapping[str, Any]) -> bool:
    """Whoever sees the record, for herself."""
    kind = KINDS.get(params["kind"])
    return kind is not None and params["user"] == user.pk and kind.visible(user).filter(pk=params["record"]).exists()


@register("portal.history", may=may_read)
def history_report(work: Work) -> None:
    """One record: `params` = {"user", "kind", "record": ids, "who", "verb", "first", "last", "day": the page's filters}."""
    params = work.params
    kind, user = KINDS[params["kind"]], User.objects.get(pk=params["user"])
    row = kind.visible(user).get(pk=params["record"])
    days = {key: date.fromisoformat(params[key]) if params[key] else None for key in ("first", "last")}
    entries = seen_by(user, kind, row.pk)
    found = narrowed(entries, who=params["who"], verb=params["verb"], **days)

    def cells() -> Iterator[Row]:
        number = 0
        for one in found:
            for label, old, new in one.changes or [("", "", "")]:
                number += 1
                at = f"{local(one.at):%Y-%m-%d %H:%M:%S}"
                yield [number, at, one.name, one.words, one.about, label, old, new, one.reason]

    total = sum(max(1, len(one.changes)) for one in found)
    report = Report(
        title=f"{kind.words}办理记录", left=f"{kind.words}：{kind.title(row)}", right=f"导出日期：{spoken(date.fromisoformat(params['day']))}",
        columns=COLUMNS, sheet="办理记录", signatures="",
        note="个人信息不列出内容，只记有改动；手机号码和身份证号码已遮挡。" + ("本记录属演示数据。" if getattr(row, "is_demo", False) else ""),
    )  # fmt: skip
    write_report(work.path, report, cells(), progress=lambda n: work.rows(n, total))
