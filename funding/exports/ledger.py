"""E10 协议签订及拨付台账 of a round: every agreement with its parties, its instalments as paid, and what is left."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Prefetch

from accounts.rules import may
from core.clock import spoken
from core.sheets import A3, A4, Cell, Column, Formula, Line, Report, Value, write_report
from funding import rules
from funding.models import Agreement, AgreementVersion, Instalment, Payment, Repayment
from jobs.registry import Work, register
from rounds.models import Round

ZERO, TENTH = Decimal("0.00"), Decimal("0.1")
HEAD = [
    Column("协议号", "text", 16),
    Column("项目", "long", 22),
    Column("甲方", "long", 13),
    Column("乙方", "long", 18),
    Column("丙方", "long", 11),
    Column("合同金额", "money", 13, total=True),
]
AMOUNT = 5
EACH = 4  # columns of an instalment: agreed, paid, day, voucher


def may_read(user: Any, params: Mapping[str, Any]) -> bool:
    """The street's people."""
    round_ = Round.objects.select_related("street").filter(pk=params["round"]).first()
    return round_ is not None and may(user, round_.street, *rules.READERS)


@register("funding.e10", may=may_read)
def ledger(work: Work) -> None:
    """E10 of one round: `params` = {"round": id, "day": ISO date}. As many instalments as the longest agreement has;
    sums and rates are live formulas with their values beside them.
    """
    round_ = Round.objects.select_related("street").get(pk=work.params["round"])
    agreements = _agreements(round_)
    groups = _groups(agreements)
    columns = [*HEAD]
    for group in groups:
        columns += [
            Column("约定金额", "money", 12, group, total=True), Column("拨付金额", "money", 12, group, total=True),
            Column("日期", "text", 13, group), Column("凭证号", "text", 12, group),
        ]  # fmt: skip
    back = len(columns)
    columns += [
        Column("退回和追回", "money", 12, total=True), Column("已拨", "money", 13, total=True), Column("未拨", "money", 13, total=True),
        Column("拨付率（%）", "score", 9),
    ]  # fmt: skip
    rows = [_row(a, len(groups), back) for a in agreements]
    agreed, net = sum((a.amount for a in agreements), ZERO), sum((_paid(a) - _back(a) for a in agreements), ZERO)
    books = rules.books(round_)
    report = Report(
        title=f"{round_.title}协议签订及拨付台账",
        left=f"填报单位：{round_.street.name}（盖章）",
        right=f"日期：{spoken(date.fromisoformat(work.params['day']))}　　单位：元",
        columns=columns,
        sheet="协议签订及拨付台账",
        paper=A3 if len(groups) > 1 else A4,
        lines=[
            Line("拨付率（%）= 已拨 ÷ 合同金额", back + 3, lambda t: f"=IF({t[AMOUNT]}=0,0,ROUND({t[back + 1]}*100/{t[AMOUNT]},1))", _rate(net, agreed)),
            Line(
                f"批准资助合计 {books.total('allocated'):,.2f} 元，其中未签协议 {books.total('unagreed'):,.2f} 元不列入本表；待拨申请 {books.total('waiting'):,.2f} 元。"
                "已拨为拨付金额减退回和追回。"
            ),
        ],
        note="演示数据：金额为演示而编，不是真实结果。" if round_.is_demo else "",
        signatures="制表人：　　　　　　　审核人：　　　　　　　分管领导：　　　　　　　主要领导：",
    )  # fmt: skip
    write_report(work.path, report, rows, progress=lambda n: work.rows(n, len(rows)))


def _agreements(round_: Round) -> list[Agreement]:
    """Signed and ended agreements by number, with the version that stands, instalments, paid payments and returns."""
    standing = [AgreementVersion.State.SIGNED]
    return list(
        Agreement.objects.filter(round=round_, state__in=[Agreement.State.SIGNED, Agreement.State.ENDED])
        .select_related("proposal__organization")
        .prefetch_related(
            Prefetch("versions", AgreementVersion.objects.filter(state__in=standing), to_attr="standing"),
            Prefetch("instalments", Instalment.objects.order_by("position"), to_attr="terms"),
            Prefetch("payments", Payment.objects.filter(state="paid").order_by("paid_on", "pk"), to_attr="given"),
            Prefetch("payments__parts__repayments", Repayment.objects.order_by("pk")),
        )
        .order_by("number")
    )


def _groups(agreements: list[Agreement]) -> list[str]:
    """A head for each instalment: its name where all agree on it, else its number."""
    longest = max((len(a.terms) for a in agreements), default=0)  # type: ignore[attr-defined]
    found: list[str] = []
    for n in range(longest):
        names = {a.terms[n].title for a in agreements if n < len(a.terms)}  # type: ignore[attr-defined]
        name = names.pop() if len(names) == 1 else f"第{n + 1}期"
        found.append(name if name not in found else f"第{n + 1}期")
    return found


def _paid(agreement: Agreement) -> Decimal:
    return sum((p.amount for p in agreement.given), ZERO)  # type: ignore[attr-defined]


def _back(agreement: Agreement) -> Decimal:
    return sum(
        (r.amount for p in agreement.payments.all() for part in p.parts.all() for r in part.repayments.all()), ZERO
    )


def _rate(net: Decimal, agreed: Decimal) -> Decimal:
    return (net * 100 / agreed).quantize(TENTH, ROUND_HALF_UP) if agreed else ZERO


def _row(agreement: Agreement, longest: int, back: int) -> "list[Value | Cell | Formula]":
    content = agreement.standing[0].content if agreement.standing else {}  # type: ignore[attr-defined]
    row: list[Value | Cell | Formula] = [
        agreement.number, agreement.proposal.title, content.get("first", ""), content.get("second") or agreement.proposal.organization.name,
        content.get("third", ""), agreement.amount,
    ]  # fmt: skip
    for n in range(longest):
        row += _term(agreement, n)
    paid = [AMOUNT + 2 + n * EACH for n in range(longest)]
    returned = _back(agreement)
    net = _paid(agreement) - returned
    return [
        *row,
        returned,
        Formula(_net_formula(paid, back), net),
        Formula(lambda c: f"={c(AMOUNT)}-{c(back + 1)}", agreement.amount - net),
        Formula(lambda c: f"=IF({c(AMOUNT)}=0,0,ROUND({c(back + 1)}*100/{c(AMOUNT)},1))", _rate(net, agreement.amount)),
    ]


def _net_formula(paid: list[int], back: int) -> Callable[[Callable[[int], str]], str]:
    return lambda c: "=" + "+".join(c(i) for i in paid) + f"-{c(back)}"


def _term(agreement: Agreement, n: int) -> "list[Value | Cell | Formula]":
    """Agreed, paid, day and voucher of the n-th instalment; several payments stand in one cell, in their order."""
    if n >= len(agreement.terms):  # type: ignore[attr-defined]
        return [None, None, None, None]
    term = agreement.terms[n]  # type: ignore[attr-defined]
    given = [p for p in agreement.given if p.instalment_id == term.pk]  # type: ignore[attr-defined]
    if not given:
        return [term.amount, None, None, None]
    days = "、".join(f"{p.paid_on:%Y-%m-%d}" for p in given)
    return [term.amount, sum((p.amount for p in given), ZERO), days, "、".join(p.voucher for p in given)]
