"""Excel reports of a session: E5 评委评分表, E6 评分汇总表."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import F

from core.clock import local
from core.sheets import A3, A4, Cell, Column, Formula, Report, write_report
from jobs.registry import Work, register
from judging.domain.ballot import columns
from judging.models import Entry, Judge, Result, ScoreSheet, Session
from judging.rules import TallyRow, can_read_result, explained, tally, visible_sessions


def _columns(names: list[str]) -> list[Column]:
    return [
        Column("序号", "int", 5),
        Column("出场", "int", 5),
        Column("项目名称", "long", 26),
        Column("申报单位", "long", 20),
        *(
            Column(f"评委{i}\n{name}", "score", 9, group="评委评分（※为去掉的最高分或最低分）")
            for i, name in enumerate(names, 1)
        ),
        Column("最高分", "score", 8),
        Column("最低分", "score", 8),
        Column("有效评委数", "int", 7),
        Column("去极值总分", "score", 10),
        Column("最后得分", "score", 9),
        Column("名次", "int", 6),
        Column("备注", "long", 18),
    ]


def may_read(user: Any, params: Mapping[str, Any]) -> bool:
    """Whoever reads the result of the session."""
    session = visible_sessions(user).filter(pk=params["session"]).first()
    return session is not None and can_read_result(user, session)


@register("judging.e5", may=may_read)
def sheets_report(work: Work) -> None:
    """E5 of one locked session: `params` = {"session": id}. One row per judge and project, the total a live formula."""
    session = Session.objects.select_related("round__street", "current").get(pk=work.params["session"])
    criteria = columns(session.rule)
    sheets = {
        (s.judge_id, s.entry_id): s
        for s in ScoreSheet.objects.filter(session=session, state=ScoreSheet.State.SUBMITTED)
    }
    why = explained(session)
    entries = list(
        Entry.objects.filter(session=session)
        .order_by(F("position").asc(nulls_last=True), "pk")
        .values_list("pk", "position", "proposal__title", "proposal__organization__name")
    )
    judges = list(
        Judge.objects.filter(session=session).order_by("seat").values_list("pk", "seat", "user__display_name")
    )
    weighted = any(c.get("weight", "1") != "1" for c in criteria)
    report = Report(
        title=f"{session.round.title}{session.name}评委评分表",
        left=f"填报单位：{session.round.street.name}（盖章）　　规则{session.rule['version']}",
        right=f"评审日期：{session.held_on:%Y-%m-%d}",
        columns=[
            Column("席位", "int", 5), Column("评委", "text", 10), Column("出场", "int", 5), Column("项目名称", "long", 26),
            Column("申报单位", "long", 20), *(Column(f"{c['label']}（{c['max']}）", "score", 10) for c in criteria),
            Column("合计", "score", 9), Column("备注", "long", 12), Column("评语", "long", 24),
        ],
        sheet="评委评分表", paper=A3 if len(criteria) > 6 else A4,
        note="演示数据：本表评分为演示而编，不是真实结果。" if session.is_demo else "",
        signatures="评委：　　　　　　　计分员：　　　　　　　监督员：",
    )  # fmt: skip

    def total(sheet: ScoreSheet) -> Any:
        if weighted:
            return sheet.total
        return Formula(lambda cell: f"=SUM({cell(5)}:{cell(4 + len(criteria))})", sheet.total)

    def cells() -> Any:
        for judge, seat, name in judges:
            for entry, position, title, organization in entries:
                if why.get((judge, entry)) == "free":
                    continue
                sheet = None if why.get((judge, entry)) == "recused" else sheets.get((judge, entry))
                note = "" if sheet else {"recused": "回避"}.get(why.get((judge, entry), ""), "缺评")
                marks = [
                    Decimal(sheet.marks[c["key"]]) if sheet and c["key"] in sheet.marks else None for c in criteria
                ]
                yield [
                    seat, name, position, title, organization, *marks, total(sheet) if sheet else None, note,
                    sheet.comment if sheet else "",
                ]  # fmt: skip

    write_report(work.path, report, cells(), progress=lambda n: work.rows(n, len(judges) * len(entries)))


@register("judging.e6", may=may_read)
def tally_report(work: Work) -> None:
    """E6 of one locked session: `params` = {"session": id}. One row per project in ranking order.

    Highest, lowest, number of sheets and the kept sum are live formulas over the marks; the score is too where it is a
    plain mean of the kept totals.
    """
    result = Result.objects.select_related("session__round__street", "session__locked_by").get(
        session=work.params["session"], session__current=F("pk")
    )
    session = result.session
    names, rows = tally(result)
    plain = _is_plain_mean(result.scoring)
    decimals = result.scoring["rule"]["decimals"]
    report = Report(
        title=f"{session.round.title}{session.name}评分汇总表",
        left=f"填报单位：{session.round.street.name}（盖章）　　结果摘要：{result.digest[:16]}",
        right=f"评审日期：{session.held_on:%Y-%m-%d}　　锁定时间：{local(session.locked_at):%Y-%m-%d %H:%M:%S}"
        if session.locked_at
        else "",
        columns=_columns(names),
        sheet="评分汇总表",
        paper=A3 if len(names) > 9 else A4,
        note="演示数据：本表评分为演示而编，不是真实结果。" if session.is_demo else "",
        signatures="计分员：　　　　　　　复核：　　　　　　　监督员：　　　　　　　评委会主任：",
    )

    def cells() -> Any:
        for number, row in enumerate(rows, 1):
            yield _row(number, row, len(names), decimals if plain else None)

    write_report(work.path, report, cells(), progress=lambda n: work.rows(n, len(rows)))


def _is_plain_mean(scoring: Mapping[str, Any]) -> bool:
    """Whether every score is the mean of the kept totals and nothing else, so that a formula can say it."""
    rule = scoring["rule"]
    by_total = rule["trim"] is None or rule["trim"]["on"] == "total"
    brought = any(p.keys() & {"factor", "bonus", "penalty"} for p in scoring["proposals"])
    return rule["aggregate"] == "mean" and by_total and not rule["parts"] and not brought


def _row(number: int, row: TallyRow, judges: int, decimals: int | None) -> list[Any]:
    first, last = 4, 3 + judges
    given = [t for t, _ in row.marks if t is not None]
    kept = [first + i for i, (t, out) in enumerate(row.marks) if t is not None and not out]

    def span(cell: Any) -> str:
        return f"{cell(first)}:{cell(last)}"

    def kept_sum(cell: Any) -> str:
        return "=" + "+".join(cell(i) for i in kept)

    score: Any = row.score
    if decimals is not None and row.score is not None and kept:
        score = Formula(lambda cell: f"=ROUND({cell(last + 4)}/{len(kept)},{decimals})", row.score)
    return [
        number,
        row.position,
        row.title,
        row.organization,
        *(Cell(total, struck=out) for total, out in row.marks),
        Formula(lambda cell: f"=MAX({span(cell)})", max(given) if given else None),
        Formula(lambda cell: f"=MIN({span(cell)})", min(given) if given else None),
        Formula(lambda cell: f"=COUNT({span(cell)})", len(given)),
        Formula(kept_sum, row.kept_sum) if kept and row.kept_sum is not None else None,
        score,
        row.rank,
        row.note,
    ]
