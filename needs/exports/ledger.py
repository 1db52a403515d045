"""E1 居民需求台账 and E26 需求闭环统计 of the needs somebody counts."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Avg, DecimalField, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Area
from core.clock import local
from core.people import mask_name, mask_phone
from core.sheets import A3, Column, Formula, Line, Report, Row, write_book, write_report
from jobs.registry import Work, register
from needs import rules, services
from needs.domain.analysis import days_of, mean, share
from needs.domain.cycle import ANALYSED, due, term_of
from needs.models import Feedback, Need, NeedRating, NeedStep

ZERO = Decimal("0.0")
CHUNK = 2000
LEDGER = [
    Column("序号", "rank", 6), Column("编号", "code", 16, total="count"), Column("收集日期", "date", 14), Column("渠道", "text", 10),
    Column("社区", "text", 13), Column("网格", "text", 11), Column("反映人（脱敏）", "text", 9),
    Column("联系方式（脱敏）", "code", 14), Column("需求类别", "text", 10), Column("内容", "long", 40), Column("涉及人数", "int", 8, total=True),
    Column("紧急程度", "text", 7), Column("处置方式", "text", 8), Column("责任人", "text", 10), Column("办结时限", "date", 14),
    Column("办结日期", "date", 14), Column("反馈方式", "long", 14), Column("满意度（星）", "score", 8),
]  # fmt: skip
COMMUNITY = 4
SIGN = "制表人：　　　　　　　审核人：　　　　　　　分管领导："


@register("needs.e1", may=rules.may_count, size=rules.size_of)
def ledger(work: Work) -> None:
    """E1: one row per need by community, beside it the counts by community and category. Personal data is masked.

    `params` = {"user", "first", "last", "span", "community", "grid", "category", "channel", "day"}. The rows come from
    one statement, read as they are written.
    """
    needs, chosen = rules.asked_for(work.params)
    today = date.fromisoformat(work.params["day"])
    counts = rules.counts(needs, today)
    total = sum(r["n"] for r in counts)
    left, right = head = rules.letterhead(work.params, chosen)
    note = "反映人和联系方式已脱敏。已办结的，办结时限按分析日期和现行期限推算；并入同类的，反馈和办结随主需求。"
    if any(r["demo"] for r in counts):
        note += "含演示数据，不能上报。"
    report = Report(
        title="居民需求台账", left=left, right=right, columns=LEDGER, sheet="居民需求台账", paper=A3, group=COMMUNITY, note=note,
        signatures=SIGN,
    )  # fmt: skip
    write_book(work.path, [(report, _needs(needs)), _by_category(counts, head)], progress=lambda n: work.rows(n, total))


def _needs(needs: "QuerySet[Need]") -> Iterator[Row]:
    analysed = NeedStep.objects.filter(need=OuterRef("head"), act=NeedStep.Act.ANALYSE).order_by("-id").values("at")
    stars = (
        NeedRating.objects.filter(need=OuterRef("pk"))
        .order_by()
        .values("need")
        .annotate(mean=Avg("stars", output_field=DecimalField()))
    )
    told = Feedback.objects.filter(need=OuterRef("head")).order_by("kind").values("kind").distinct()
    rows = (
        needs.annotate(head=Coalesce(F("merged_into_id"), F("pk")))
        .annotate(
            analysed=Subquery(analysed[:1]), stars=Subquery(stars.values("mean")), told=ArraySubquery(told),
            done=Coalesce("merged_into__closed_at", "closed_at"),
        )
        .order_by("community__pinyin", "community__name", "community", "collected_at", "pk")
        .values_list(
            "number", "collected_at", "channel", "community__name", "grid__name", "contact_name", "contact_phone", "category", "words",
            "people_count", "urgency", "route", "handler__display_name", "due_on", "street", "analysed", "done", "told", "stars",
        )
    )  # fmt: skip
    off = services.overrides()
    terms = cache(services.terms_of)
    limit = cache(lambda day, route, street: due(day, term_of(ANALYSED, route, terms(street)), off))
    for n, row in enumerate(rows.iterator(chunk_size=CHUNK), 1):
        number, at, channel, community, grid, name, phone, category, words, people, urgency, route, who, due_on, street, begun, done, told_by, mark = row  # fmt: skip
        if due_on is None and done is not None and begun is not None:
            due_on = limit(local(begun).date(), route, street)
        yield [
            n, number, local(at).date(), Need.Channel(channel).label, community, grid, mask_name(name), mask_phone(phone),
            Need.Category(category).label, words, people, Need.Urgency(urgency).label, Need.Route(route).label if route else None, who,
            due_on, local(done).date() if done else None, "、".join(Feedback.Kind(k).label for k in told_by),
            mark.quantize(Decimal("0.01")) if mark is not None else None,
        ]  # fmt: skip


def _by_category(counts: list[dict[str, Any]], head: tuple[str, str]) -> tuple[Report, list[Row]]:
    """Communities × categories, the sums live in both directions."""
    by = {(r["community"], r["category"]): r["n"] for r in counts}
    places = Area.objects.filter(pk__in={c for c, _ in by}).in_chinese_order()
    kinds = [Need.Category(k) for k in Need.Category.values if any(k == kind for _, kind in by)]
    columns = [
        Column("社区", "text", 16), *(Column(str(k.label), "int", 11, total=True) for k in kinds), Column("合计", "int", 11, total=True),
    ]  # fmt: skip
    last = len(kinds)
    rows: list[Row] = []
    for place in places:
        cells = [by.get((place.pk, k.value), 0) for k in kinds]
        rows.append([place.name, *cells, Formula(lambda c: f"=SUM({c(1)}:{c(last)})", sum(cells))])
    report = Report(
        title="居民需求按社区和类别统计", left=head[0], right=head[1], columns=columns, sheet="按社区和类别统计", paper=A3, signatures=SIGN,
    )  # fmt: skip
    return report, rows


DONE, GLAD, TOOK = "办结率", "满意率", "平均用时"
CYCLE = [
    Column("社区", "text", 16), *(Column(w, "int", 9, total=True) for w in ("收集", "分析", "处置", "反馈", "评议")),
    Column("受理（件）", "int", 9, group=DONE, total=True), Column("办结（件）", "int", 9, group=DONE, total=True),
    Column("办结率（%）", "score", 10, group=DONE), Column("评议（次）", "int", 9, group=GLAD, total=True),
    Column("满意（次）", "int", 9, group=GLAD, total=True), Column("满意率（%）", "score", 10, group=GLAD),
    Column("计时（件）", "int", 9, group=TOOK, total=True), Column("用时合计（工作日）", "int", 11, group=TOOK, total=True),
    Column("平均（工作日）", "score", 11, group=TOOK),
]  # fmt: skip


def _percent(part: int, whole: int) -> Any:
    return lambda c: f"=IF({c(whole)}=0,0,ROUND({c(part)}*100/{c(whole)},1))"


@register("needs.e26", may=rules.may_count)
def cycle_report(work: Work) -> None:
    """E26: by community how far the needs came, closing and satisfaction rates, average working days; same `params`.

    Rates are live formulas over the numbers they are made of. Five statements whatever the size.
    """
    needs, chosen = rules.asked_for(work.params)
    today = date.fromisoformat(work.params["day"])
    found = {r["community"]: r for r in rules.stages(needs)}
    took = rules.days_taken(needs, "community", chosen.span.first, today, services.overrides())
    marks: dict[int, list[int]] = {}
    for r in rules.ratings(needs):
        mark = marks.setdefault(r["community"], [0, 0])
        mark[0] += r["n"]
        mark[1] += r["good"]
    rows: list[Row] = []
    sums = [0] * 6
    for place in Area.objects.filter(pk__in=found).in_chinese_order():
        r, (rated, good), days = found[place.pk], marks.get(place.pk, [0, 0]), days_of(took.get(place.pk, {}))
        accepted = r["n"] - r["refused"]
        six = [accepted, r["closed"], rated, good, days.count, days.total]
        sums = [a + b for a, b in zip(sums, six, strict=True)]
        rows.append(
            [
                place.name, r["n"], r["analysed"], r["begun"], r["answered"], r["rated"], accepted, r["closed"],
                Formula(_percent(7, 6), share(r["closed"], accepted) or ZERO), rated, good,
                Formula(_percent(10, 9), share(good, rated) or ZERO), days.count, days.total,
                Formula(lambda c: f"=IF({c(12)}=0,0,ROUND({c(13)}/{c(12)},1))", days.mean or ZERO),
            ]
        )  # fmt: skip
    accepted, closed, rated, good, timed, together = sums
    left, right = rules.letterhead(work.params, chosen)
    report = Report(
        title="需求闭环统计表",
        left=left,
        right=right,
        columns=CYCLE,
        sheet="需求闭环统计",
        lines=[
            Line("办结率（%）= 办结 ÷ 受理", 8, lambda t: f"=IF({t[6]}=0,0,ROUND({t[7]}*100/{t[6]},1))", share(closed, accepted) or ZERO),
            Line("满意率（%）= 满意和很满意 ÷ 评议次数", 11, lambda t: f"=IF({t[9]}=0,0,ROUND({t[10]}*100/{t[9]},1))", share(good, rated) or ZERO),
            Line("平均用时（工作日）= 用时合计 ÷ 计时件数", 14, lambda t: f"=IF({t[12]}=0,0,ROUND({t[13]}/{t[12]},1))", mean(together, timed) or ZERO),
        ],
        note="受理 = 收集 − 不予受理；并入同类的随主需求计入各环节，不重复计时；用时从收集到办结，只算工作日。"
        + ("含演示数据，不能上报。" if any(r["demo"] for r in found.values()) else ""),
        signatures=SIGN,
    )  # fmt: skip
    write_report(work.path, report, rows, progress=lambda n: work.rows(n, len(rows)))
