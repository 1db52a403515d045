"""Excel reports of the proposals: E3 申报项目汇总表, E4 资格初审表."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum, TextField, Value
from django.db.models.functions import Coalesce

from core.clock import local
from core.sheets import A3, Column, Report, Row, write_report
from jobs.registry import Work, register
from organizations.models import Membership, Organization
from projects.domain.findings import COLUMNS as CHECKED
from projects.domain.findings import NOTE, marks, opinion_mark
from projects.models import BudgetLine, EligibilityDecision, Proposal
from projects.rules import can_report, can_report_checks, sees_phones
from projects.services import FIELDS
from projects.services.checking import check_all, kept
from rounds.models import Grace, Round

GROUPS = {"theme": "按方向", "community": "按实施社区", "": "不分"}
ORDERS: dict[str, tuple[str, ...]] = {
    "theme": ("theme__position", "theme"),
    "community": ("community__pinyin", "community"),
    "": (),
}
CONCLUSIONS = {
    Proposal.State.SUBMITTED: "待初审",
    Proposal.State.RETURNED: "退回补正",
    Proposal.State.PASSED: "初审通过",
    Proposal.State.REFUSED: "不予受理",
}
COLUMNS = [
    Column("序号", "rank", 6),
    Column("项目编号", "code", 17),
    Column("项目名称", "long", 24, total="count"),
    Column("申报单位", "long", 22),
    Column("单位性质", "text", 13),
    Column("实施社区", "text", 12),
    Column("方向", "text", 9),
    Column("类别", "text", 12),
    Column("受益对象", "long", 16),
    Column("受益人数", "int", 9, total=True),
    Column("项目周期", "text", 13),
    Column("总预算", "money", 13, group="经费预算（元）", total=True),
    Column("申请资金", "money", 13, group="经费预算（元）", total=True),
    Column("自筹", "money", 12, group="经费预算（元）", total=True),
    Column("其他资金", "money", 12, group="经费预算（元）", total=True),
    Column("负责人", "text", 10),
    Column("电话", "code", 13),
    Column("对接需求数", "int", 7, total=True),
    Column("初审结论", "text", 10),
    Column("备注", "text", 17),
]
COMMUNITY, THEME, PHONE = 5, 6, 16


def may_read(user: Any, params: Mapping[str, Any]) -> bool:
    """The street's people; with phones only the office."""
    round_ = Round.objects.select_related("street").filter(pk=params["round"]).first()
    return round_ is not None and can_report(user, round_) and (not params["phones"] or sees_phones(user, round_))


@register("projects.e3", may=may_read)
def proposals_report(work: Work) -> None:
    """E3 of one round: `params` = {"round": id, "group": "theme", "community" or "", "phones": bool, "by": name, "day": "2026-11-23"}.

    One row per proposal handed in and not withdrawn. The column of phones is there only where `phones` says so; who may
    is asked by the page that starts the job. Three statements whatever the size.
    """
    round_ = Round.objects.select_related("street").get(pk=work.params["round"])
    group, phones = work.params["group"], work.params["phones"]
    found = Proposal.objects.in_round(round_).handed_in().exclude(state=Proposal.State.WITHDRAWN)
    count = found.count()
    note = "不含草稿和已撤回的申报。"
    if phones:
        note += f"本表含个人联系方式，由{work.params['by']}导出，仅限本期次工作使用，不得转发。"
    if round_.is_demo:
        note += "演示数据：本表为演示而编，不是真实申报。"
    report = Report(
        title=f"{round_.title}申报项目汇总表",
        left=f"填报单位：{round_.street.name}（盖章）　　申报截止：{local(round_.apply_closes_at):%Y-%m-%d}",
        right=f"填报日期：{work.params['day']}　　金额单位：元",
        columns=[c for i, c in enumerate(COLUMNS) if i != PHONE or phones],
        sheet="申报项目汇总表",
        paper=A3,
        group={"theme": THEME, "community": COMMUNITY}.get(group),
        note=note,
        signatures="制表人：　　　　　　　审核人：　　　　　　　分管领导：",
    )
    rows = _rows(found.order_by(*ORDERS[group], "receipt_number"), phones=phones)
    write_report(work.path, report, rows, progress=lambda n: work.rows(n, count))


def _period(begin: date | None, end: date | None) -> str:
    """`2026.12-2027.06`; empty where the proposal says none."""
    return f"{begin:%Y.%m}-{end:%Y.%m}" if begin and end else ""


def _rows(found: "QuerySet[Proposal]", *, phones: bool) -> Iterator[Row]:
    kinds = dict(Organization.Kind.choices)
    # Of several people the 负责人 comes first: "head" > "finance" > "clerk".
    heads = Membership.objects.filter(organization=OuterRef("organization")).order_by("-duty", "pk")
    lines = BudgetLine.objects.filter(proposal=OuterRef("pk")).order_by().values("proposal")
    needs: Any = Proposal.needs.through
    answered = needs.objects.filter(proposal=OuterRef("pk")).order_by().values("proposal")
    links: Any = Proposal.orders.through
    taken = links.objects.filter(proposal=OuterRef("pk")).order_by().values("proposal")
    late = Grace.objects.filter(  # the one under which it was handed in after the closing
        round=OuterRef("round"), organization=OuterRef("organization"), granted_at__lte=OuterRef("submitted_at"),
        round__apply_closes_at__lte=OuterRef("submitted_at"),
    ).order_by("-pk")  # fmt: skip
    rows = found.values_list(
        "receipt_number", "title", "organization__name", "organization__kind", "community__name", "theme__name",
        "category",
        Coalesce(Subquery(taken.annotate(t=StringAgg("serviceorder__target", "、", distinct=True)).values("t")), Value(""), output_field=TextField()),
        "beneficiaries", "starts_on", "ends_on",
        Coalesce(Subquery(lines.annotate(t=Sum("amount")).values("t")), Decimal(0)),
        "requested",
        Coalesce(Subquery(lines.annotate(t=Sum("self_raised")).values("t")), Decimal(0)),
        Coalesce(Subquery(lines.annotate(t=Sum("other")).values("t")), Decimal(0)),
        Subquery(heads.values("user__display_name")[:1]), Subquery(heads.values("user__phone")[:1]),
        Coalesce(Subquery(answered.annotate(n=Count("pk")).values("n")), 0), "state",
        Subquery(late.values("closes_at")[:1]),
    )  # fmt: skip
    for n, row in enumerate(rows.iterator(chunk_size=2000), 1):
        (number, title, organization, kind, community, theme, category, target, people, begin, end, total, asked, own, other, head,
         phone, needs_n, state, until) = row  # fmt: skip
        yield [
            n, number, title, organization, kinds[kind], community, theme, category, target, people, _period(begin, end), total,
            asked, own, other, head, *([phone] if phones else []), needs_n, CONCLUSIONS[state],
            f"顺延至 {local(until):%Y-%m-%d %H:%M:%S}" if until else "",
        ]  # fmt: skip


BY_HAND = {"年检": "登记证", "业务范围": "信用", "社区意见": "材料齐全"}  # for the pen, each after the column named


def may_check(user: Any, params: Mapping[str, Any]) -> bool:
    """Those of the street who read the automatic check."""
    round_ = Round.objects.select_related("street").filter(pk=params["round"]).first()
    return round_ is not None and can_report_checks(user, round_)


@register("projects.e4", may=may_check)
def checks_report(work: Work) -> None:
    """E4 of one round: `params` = {"round": id, "day": "2026-11-23"}.

    One row per proposal handed in and not withdrawn: what was found at its last decision, or what is found now where it
    waits for one. What the portal does not know is left blank for the pen. At most ten statements whatever the size.
    """
    round_ = Round.objects.select_related("street").get(pk=work.params["round"])
    found = (
        Proposal.objects.in_round(round_)
        .handed_in()
        .exclude(state=Proposal.State.WITHDRAWN)
        .select_related("organization")
    )
    proposals = list(found.order_by("receipt_number"))
    columns = [
        Column("序号", "rank", 6),
        Column("项目编号", "code", 17),
        Column("项目名称", "long", 22),
        Column("申报单位", "long", 20),
    ]
    for name in CHECKED:
        columns.append(Column(name, "rank", 9))
        columns += [Column(pen, "text", 9) for pen, after in BY_HAND.items() if after == name]
    columns += [Column("结论", "text", 10), Column("补正事项和说明", "long", 46)]
    pens = "年检、业务范围" if round_.opinion else "年检、业务范围、社区意见"
    note = f"√ 符合，× 不符合，？请核对，— 没有自动核对；{pens}由审核人填写。不含草稿和已撤回的申报。"
    report = Report(
        title=f"{round_.title}资格初审表", left=f"填报单位：{round_.street.name}（盖章）", right=f"填报日期：{work.params['day']}",
        columns=columns, sheet="资格初审表", paper=A3, signatures="初审人：　　　　　　　复核人：　　　　　　　分管领导：",
        note=note + ("演示数据：本表为演示而编，不是真实申报。" if round_.is_demo else ""),
    )  # fmt: skip
    rows = _check_rows(round_, proposals, date.fromisoformat(work.params["day"]))
    write_report(work.path, report, rows, progress=lambda n: work.rows(n, len(proposals)))


def _check_rows(round_: Round, proposals: list[Proposal], today: date) -> Iterator[Row]:
    ids = [p.pk for p in proposals]
    decisions = EligibilityDecision.objects.filter(proposal__in=ids).prefetch_related("waivers").order_by("pk")
    last = {d.proposal_id: d for d in decisions}
    live = check_all(round_, [p for p in proposals if p.state == Proposal.State.SUBMITTED], today)
    for n, p in enumerate(proposals, 1):
        decision = last.get(p.pk) if p.state != Proposal.State.SUBMITTED else None
        found = kept(live[p.pk]) if p.pk in live else decision.findings if decision is not None else None
        pairs = None if found is None else [(f["key"], f["severity"]) for f in found]
        told = dict.fromkeys(CHECKED, "—") if pairs is None else marks(pairs)
        opinion = opinion_mark(pairs) if round_.opinion and pairs is not None else ""
        cells: list[str] = []
        for name in CHECKED:
            cells += [
                told[name],
                *(opinion if pen == "社区意见" else "" for pen, after in BY_HAND.items() if after == name),
            ]
        words = _check_words(decision, found or [])
        yield [n, p.receipt_number, p.title, p.organization.name, *cells, CONCLUSIONS[Proposal.State(p.state)], words]


def _check_words(decision: EligibilityDecision | None, found: list[dict[str, str]]) -> str:
    """What is to be completed or why it was refused, then what was found and why it passed all the same."""
    parts = []
    if decision is not None and decision.reason:
        parts.append(f"理由：{decision.reason}")
    if decision is not None and decision.fields_open:
        parts.append("补正：" + "、".join(FIELDS.get(f, f) for f in decision.fields_open))
    waived = {w.key: w.reason for w in decision.waivers.all()} if decision is not None else {}
    parts += [
        f["words"] + (f"（例外通过：{waived[f['key']]}）" if f["key"] in waived else "")
        for f in found
        if f["severity"] != NOTE
    ]
    return "\n".join(parts)
