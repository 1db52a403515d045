"""What must be true of the data at any moment, whatever went wrong before. Each check yields Chinese sentences.

Run by `manage.py check_invariants`, after every browser test, and nightly. Empty means sound.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Subquery, Sum

from core.exact import digest
from delivery.rules import payments_in_question
from funding.domain.allocation import allocate
from funding.domain.balance import problems
from funding.models import Agreement, AllocationPlan, Award, Fund, Payment, PublicNotice
from funding.rules import books
from jobs.models import StoredFile
from jobs.storage import place_of
from judging.domain.ballot import columns, votes
from judging.domain.ledger import START, move_document, session_head
from judging.domain.scoring import compute
from judging.models import Judge, Move, Result, ResultLine, ScoreSheet, Session
from judging.services import scoring_document
from messaging.models import Delivery
from needs.models import Claim, Need, NeedStep, ServiceOrder
from projects.models import EligibilityDecision, Proposal, ProposalVersion
from rounds.models import Grace, Round

Check = Callable[[], Iterator[str]]
CHECKS: list[tuple[str, Check]] = []
PERSONAL = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)\d{17}[\dXx](?!\d)")


def check(name: str) -> Callable[[Check], Check]:
    """Add a check under its name."""

    def keep(function: Check) -> Check:
        CHECKS.append((name, function))
        return function

    return keep


def broken() -> Iterator[tuple[str, str]]:
    """Every invariant that does not hold: (name of the check, sentence)."""
    for name, function in CHECKS:
        for sentence in function():
            yield name, sentence


@check("资金不超支")
def pool_is_never_overdrawn() -> Iterator[str]:
    plans: Any = AllocationPlan.objects.annotate(spent=Sum("awards__amount")).filter(
        Q(spent__gt=F("pool")) | Q(pool__gt=F("round__budget"))
    )
    for plan in plans:
        yield f"方案 {plan.pk}：拟资助合计 {plan.spent} 元，方案资金 {plan.pool} 元，超出限额。"
    for pk in Award.objects.filter(Q(amount__gt=F("requested")) | Q(amount__lt=0)).values_list("pk", flat=True):
        yield f"资助 {pk}：金额高于申请金额或为负数。"


@check("评分流水连续")
def ledgers_are_unbroken() -> Iterator[str]:
    """Every chain of every session, and the head of every locked one, recomputed."""
    heads: dict[int, tuple[int, str]] = {}
    moves = Move.objects.select_related("judge", "entry__proposal").order_by("judge", "number")
    for move in moves.iterator(chunk_size=2000):
        number, previous = heads.get(move.judge_id, (0, START))
        line = move_document(
            session=str(move.session_id), judge=f"J{move.judge.seat}", number=number + 1,
            proposal=move.entry.proposal.receipt_number or "", kind=move.kind, marks=move.marks, reason=move.reason, base=move.base,
            revision=move.revision, device=move.device, counter=move.counter, by=move.by, at=move.at, previous=previous,
        )  # fmt: skip
        if (move.number, move.previous, move.digest) != (number + 1, previous, line["digest"]):
            yield f"评审会 {move.session_id}：{move.judge.seat} 号评委的第 {move.number} 条流水与摘要不符。"
        heads[move.judge_id] = (move.number, move.digest)
    for pk, count, head in Judge.objects.values_list("pk", "moves", "head"):
        if heads.get(pk, (0, START)) != (count, head):
            yield f"评委席位 {pk}：流水条数或摘要与流水不符。"
    for session in Session.objects.filter(locked_at__isnull=False).select_related("current"):
        made = session_head(str(session.pk), session.rule_digest, session.result.heads, digest(session.result.scoring))
        if session.head != made:
            yield f"评审会 {session.pk}：锁定校验码与记录不符。"


@check("评分表齐全且在范围内")
def locked_sessions_are_complete() -> Iterator[str]:
    for session in Session.objects.exclude(state=Session.State.SETUP).prefetch_related("judges", "entries"):
        criteria = {c["key"]: c for c in columns(session.rule)}
        sheets = ScoreSheet.objects.filter(session=session, state=ScoreSheet.State.SUBMITTED)
        for pk, marks, total in sheets.values_list("pk", "marks", "total"):
            if set(marks) != set(criteria) and (votes(session.rule) is None or marks):
                yield f"评分表 {pk}：评分项与规则不一致。"
                continue
            added = Decimal(0)
            for key, text in marks.items():
                mark, low, high = Decimal(text), Decimal(criteria[key].get("min", "0")), Decimal(criteria[key]["max"])
                if not low <= mark <= high or (mark - low) % Decimal(criteria[key]["step"]):
                    yield f"评分表 {pk}：{criteria[key]['label']} {text} 不在规则允许的范围内。"
                added += mark * Decimal(criteria[key].get("weight", "1"))
            if total != added:
                yield f"评分表 {pk}：合计 {total} 与各项之和 {added} 不符。"
        if session.rule_digest != digest(session.rule):
            yield f"评审会 {session.pk}：规则与其摘要不符。"


def _same_sheets(now: dict[str, Any], stored: dict[str, Any]) -> bool:
    """Equal, but for lots that were the running order before they were drawn by themselves."""
    if not any(p["lot"] for p in now["proposals"]):
        now, stored = ({**d, "proposals": [{**p, "lot": None} for p in d["proposals"]]} for d in (now, stored))
    return now == stored


@check("结果可重算")
def results_can_be_recomputed() -> Iterator[str]:
    for result in Result.objects.select_related("session"):
        if compute(result.scoring) != result.outcome:
            yield f"评审会 {result.session_id}：由评分文件重算的结果与存档不一致。"
        if result.pk == result.session.current_id and not _same_sheets(
            scoring_document(result.session), result.scoring
        ):
            yield f"评审会 {result.session_id}：评分表与存档的评分文件不一致。"
        if result.digest != digest(result.outcome):
            yield f"评审会 {result.session_id}：结果与其摘要不符。"
        stored = {
            (key, rank, None if score is None else Decimal(score).normalize())
            for key, rank, score in ResultLine.objects.filter(result=result).values_list(
                "entry__proposal__receipt_number", "rank", "score"
            )
        }
        told = {
            (r["proposal"], r["rank"], None if r["score"] is None else Decimal(r["score"]).normalize())
            for r in result.outcome["results"]
        }
        if stored != told:
            yield f"评审会 {result.session_id}：结果行与结果文件不一致。"


@check("锁定后无评分")
def nothing_is_scored_after_the_lock() -> Iterator[str]:
    late = ScoreSheet.objects.filter(session__locked_at__isnull=False, saved_at__gt=F("session__locked_at"))
    for pk in late.values_list("pk", flat=True):
        yield f"评分表 {pk} 的保存时间晚于锁定时间。"


@check("方案可重算")
def plans_can_be_recomputed() -> Iterator[str]:
    for plan in AllocationPlan.objects.prefetch_related("awards__proposal"):
        if allocate(plan.document) != plan.answer:
            yield f"方案 {plan.pk}：由分配文件重算的结果与存档不一致。"
        told = {(a["proposal"], Decimal(a["amount"])) for a in plan.answer["awards"]}
        if {(a.proposal.receipt_number, a.proposed) for a in plan.awards.all()} != told:
            yield f"方案 {plan.pk}：建议金额与计算结果不一致。"


@check("申报有受理编号且未逾期")
def submissions_have_receipts_in_time() -> Iterator[str]:
    handed_in = Proposal.objects.exclude(state=Proposal.State.DRAFT)
    for pk in handed_in.filter(Q(receipt_number=None) | Q(submitted_at=None)).values_list("pk", flat=True):
        yield f"申报书 {pk} 已提交但没有受理编号或时间。"
    graced = Grace.objects.filter(
        round=OuterRef("proposal__round"), organization=OuterRef("proposal__organization"),
        granted_at__lte=OuterRef("submitted_at"), closes_at__gt=OuterRef("submitted_at"),
    )  # fmt: skip
    late = ProposalVersion.objects.filter(number=1, submitted_at__gte=F("proposal__round__apply_closes_at"))
    for pk in late.filter(~Exists(graced)).values_list("proposal_id", flat=True):
        yield f"申报书 {pk} 的提交时间不早于截止时间。"
    for pk, content, told in ProposalVersion.objects.values_list("pk", "content", "digest").iterator():
        if digest(content) != told:
            yield f"申报书版本 {pk} 与其摘要不符。"


@check("预算合计等于申请资金")
def budgets_add_up() -> Iterator[str]:
    wrong = (
        Proposal.objects.exclude(state=Proposal.State.DRAFT)
        .annotate(granted=Sum("lines__grant"))
        .exclude(granted=F("requested"))
    )
    for pk, granted, requested in wrong.values_list("pk", "granted", "requested"):
        yield f"申报书 {pk}：预算行申请资金合计 {granted} 元，申请资金 {requested} 元。"


@check("状态与最后结论一致")
def states_follow_from_the_record() -> Iterator[str]:
    said = {"pass": "passed", "return": "returned", "refuse": "refused"}
    for proposal in Proposal.objects.filter(state__in=said.values()):
        last = EligibilityDecision.objects.filter(proposal=proposal).order_by("-id").first()
        if last is None or said[last.outcome] != proposal.state:
            yield f"申报书 {proposal.pk} 的状态与最后一次初审结论不一致。"
    ordered = Need.objects.filter(steps__act=NeedStep.Act.ORDER, orders__isnull=True)
    for pk in ordered.order_by("pk").values_list("pk", flat=True).distinct():
        yield f"需求 {pk} 标为已制单，但没有对应的服务项目单。"
    for pk in (
        ServiceOrder.objects.filter(state="claimed").exclude(claims__state="confirmed").values_list("pk", flat=True)
    ):
        yield f"服务项目单 {pk} 标为已认领，但没有确认的认领。"
    for pk in (
        ServiceOrder.objects.filter(claims__state="confirmed").exclude(state="claimed").values_list("pk", flat=True)
    ):
        yield f"服务项目单 {pk} 有确认的认领，但状态不是已认领。"

    for pk in (
        Claim.objects.filter(state="offered")
        .exclude(order__state__in=["listed", "comparing"])
        .values_list("pk", flat=True)
    ):
        yield f"认领 {pk} 还没有答复，但服务项目单已不接受认领。"


@check("需求的状态与经过一致")
def needs_stand_where_their_history_ends() -> Iterator[str]:
    last = NeedStep.objects.filter(need=OuterRef("pk")).order_by("-id").values("to_state")[:1]
    for pk in (
        Need.objects.annotate(last=Subquery(last))
        .exclude(state=F("last"), last__isnull=False)
        .values_list("pk", flat=True)
    ):
        yield f"需求 {pk} 的状态与经过的最后一步不一致。"
    for pk in Need.objects.filter(merged_into__state=Need.State.MERGED).values_list("pk", flat=True):
        yield f"需求 {pk} 并入的那一件自己也并入了别的。"
    for pk in (
        Need.objects.exclude(merged_into=None)
        .exclude(community=F("merged_into__community"))
        .values_list("pk", flat=True)
    ):
        yield f"需求 {pk} 并入了另一个社区的需求。"


@check("文件在且未变")
def files_are_there() -> Iterator[str]:
    for file in StoredFile.objects.all():
        place = place_of(file)
        if not place.exists():
            yield f"文件 {file.pk} 不在存放处。"
        elif hashlib.sha256(place.read_bytes()).hexdigest() != file.sha256:
            yield f"文件 {file.pk} 的内容与摘要不符。"


@check("消息至多送一次")
def notices_are_sent_once() -> Iterator[str]:
    for pk in Delivery.objects.filter(state=Delivery.State.SENT, sent_at=None).values_list("pk", flat=True):
        yield f"送达 {pk} 标为已送出，但没有时间。"
    for pk in Delivery.objects.filter(state=Delivery.State.MERGED, merged_into__state="merged").values_list(
        "pk", flat=True
    ):
        yield f"送达 {pk} 并入的那一封自己也并入了别的。"
    for pk in Delivery.objects.filter(notice__recalled_at__isnull=False, state="sent").values_list("pk", flat=True):
        yield f"送达 {pk} 的消息已撤回，却标为已送出。"


@check("公示有版本且发布人不是审批人")
def notices_have_two_people() -> Iterator[str]:
    for pk in PublicNotice.objects.filter(
        Q(plan__decided_by=None) | Q(plan__decided_by=F("published_by")) | ~Q(plan__state="approved")
    ).values_list("pk", flat=True):
        yield f"公示 {pk} 的方案未批准，或发布人就是审批人。"


@check("公示无个人信息")
def notices_hold_no_personal_data() -> Iterator[str]:
    for notice in PublicNotice.objects.all():
        text = f"{notice.title} {notice.content}"
        if PERSONAL.search(text):
            yield f"公示 {notice.pk} 含有疑似手机号或身份证号。"


@check("资金账平")
def books_balance() -> Iterator[str]:
    for round_ in Round.objects.exclude(state=Round.State.DRAFT).order_by("pk"):
        for sentence in problems(books(round_)):
            yield f"期次 {round_.pk}：{sentence}"


@check("资金来源不透支")
def funds_are_never_overdrawn() -> Iterator[str]:
    for fund in Fund.objects.annotate(drawn=Sum("draws__amount")).filter(drawn__gt=F("budget")):
        yield f"资金来源 {fund.pk}：协议占用 {fund.drawn} 元，年度额度 {fund.budget} 元。"


def _sums(rows: Any) -> dict[int, Decimal]:
    return {pk: amount or Decimal(0) for pk, amount in rows}


@check("协议金额等于各期和各资金来源")
def agreements_add_up() -> Iterator[str]:
    bound = Agreement.objects.order_by("pk")
    terms, draws = (
        _sums(bound.values_list("pk").annotate(s=Sum(f"{part}__amount"))) for part in ("instalments", "draws")
    )
    for pk, amount in bound.filter(state__in=["signed", "ended"]).values_list("pk", "amount"):
        if not amount == terms[pk] == draws[pk]:
            yield f"协议 {pk}：协议金额 {amount} 元，各期合计 {terms[pk]} 元，各资金来源合计 {draws[pk]} 元。"


@check("拨付不超协议")
def paid_is_at_most_agreed() -> Iterator[str]:
    agreements = Agreement.objects.order_by("pk")
    paid = _sums(agreements.values_list("pk").annotate(s=Sum("payments__amount", filter=Q(payments__state="paid"))))
    back = _sums(agreements.values_list("pk").annotate(s=Sum("payments__parts__repayments__amount")))
    for pk, amount in agreements.values_list("pk", "amount"):
        if paid[pk] - back[pk] > amount or back[pk] > paid[pk]:
            yield f"协议 {pk}：已拨 {paid[pk]} 元，退回 {back[pk]} 元，协议金额 {amount} 元。"
    for payment in Payment.objects.annotate(carried=Sum("parts__amount")).exclude(carried=F("amount")):
        yield f"拨付 {payment.number}：金额 {payment.amount} 元，资金构成合计 {payment.carried or 0} 元。"


@check("已拨付的有凭证")
def paid_payments_have_vouchers() -> Iterator[str]:
    bare = Payment.objects.filter(state="paid").filter(Q(voucher="") | Q(paid_on=None) | Q(paid_by=None))
    for number in bare.values_list("number", flat=True):
        yield f"拨付 {number} 标为已拨付，但没有日期、凭证号或拨付人。"


@check("拨付经四个人")
def four_hands_are_four_people() -> Iterator[str]:
    for payment in Payment.objects.order_by("pk").iterator(chunk_size=2000):
        hands = [payment.requested_by_id, payment.checked_by_id, payment.approved_by_id, payment.paid_by_id]
        done = [hand for hand in hands if hand is not None]
        if len(set(done)) != len(done):
            yield f"拨付 {payment.number}：同一个人办理了两个环节。"
        if payment.state == Payment.State.PAID and len(done) < len(hands):
            yield f"拨付 {payment.number}：已拨付，但没有经过申请、核对、审批、拨付四个环节。"


@check("申报的累计支出有凭证")
def spending_is_on_record() -> Iterator[str]:
    yield from payments_in_question()
