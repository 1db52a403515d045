"""报表中心: every report one may take of a round, each with a sentence what it is for, and the year's summary."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Area, Role, User
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import NotAllowed
from core.forms import PortalForm
from core.numbers import whole
from core.sheets import file_title
from funding.models import Agreement, PublicNotice
from funding.rules import visible_plans
from jobs.services import start_job
from judging.rules import can_read_result, visible_sessions
from needs.rules import can_analyse
from organizations.rules import READERS as REGISTRY_READERS
from projects.forms import ReportForm
from rounds.models import Round
from rounds.rules import visible_rounds

READERS = (Role.OFFICE, Role.LEADER, Role.FINANCE, Role.SUPERVISOR)


class YearForm(PortalForm):
    """Which year the summary is for."""

    year = forms.IntegerField(label="年度", min_value=2000, max_value=2100)


@dataclass(frozen=True, slots=True)
class Offer:
    """One report: its name, what it is for, where to ask for it (empty while it cannot be had, then `why` says so).

    `fields` are what the button sends along.
    """

    name: str
    use: str
    href: str
    why: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    form: Any = None


@require_safe
def reports(request: HttpRequest) -> HttpResponse:
    """All reports of one round, `?round=`, the newest where none is named."""
    user = person(request)
    streets = street_ids(user, *READERS)
    if not streets:
        raise NotAllowed
    found = visible_rounds(user).filter(street__in=streets).order_by("-year", "-id")
    rounds = list(found.values_list("pk", "title")[:200])
    wanted = whole(request.GET.get("round", ""))
    round_ = found.filter(pk=wanted).first() if wanted is not None else None
    if round_ is None and rounds:
        round_ = found.first()
    year = round_.year if round_ else clock.local(clock.now()).year
    facts = {
        "rounds": rounds, "round": round_, "offers": offers(user, round_) if round_ else [],
        "streets": Area.objects.filter(pk__in=streets).order_by("pk"), "year_form": YearForm(initial={"year": year}),
        "can_analyse": can_analyse(user), "registry": registry_offers(street_ids(user, *REGISTRY_READERS), year),
    }  # fmt: skip
    return render(request, "portal/reports.html", facts)


def registry_offers(streets: list[int], year: int) -> list[Offer]:
    """The reports of the registry and of the organizations' year: one's first street, as their pages have it."""
    years = (("year", str(year)),)
    if not streets:
        return []
    return [
        Offer("社会组织基本情况表", "登记册全表，改好后可以导回；有代码、负责人、党员数和街道星级。", reverse("organizations:export_e17")),
        Offer("党组织覆盖统计表", "应设和现设形式逐家对照，两个覆盖率有分子、分母和日期。", reverse("organizations:export_e18")),
        Offer(f"十分制月积分表（{year}年）", "入驻组织各月得分，低于 6 分和连续三个月低分有标记，不排名。", reverse("organizations:export_e19"), fields=years),
        Offer(f"年终等级评定表（{year}年）", "党建为首要依据，五项得分、建议星级和评定星级。", reverse("organizations:export_e20"), fields=years),
    ]  # fmt: skip


def offers(user: User, round_: Round) -> list[Offer]:
    """The reports of a round in the order of its course."""
    found = [
        Offer(
            "申报项目汇总表", "初审前后向领导汇报：谁申报、多少钱、在哪个社区，可按方向或社区小计。",
            reverse("projects:export", args=[round_.pk]), form=ReportForm(auto_id="e3_%s"),
        )
    ]  # fmt: skip
    sessions = [
        s for s in visible_sessions(user).filter(round=round_, rehearsal_of=None).order_by("held_on", "pk")
        if can_read_result(user, s)
    ]  # fmt: skip
    for session in sessions:
        way = reverse("judging:export", args=[session.pk])
        found += [
            Offer(f"评委评分表（{session.name}）", "每位评委每个项目一行，评委签字存档。", way, fields=(("what", "e5"),)),
            Offer(f"评分汇总表（{session.name}）", "名次和得分的依据，去掉的最高分、最低分有标记，评委会签字。", way, fields=(("what", "e6"),)),
        ]  # fmt: skip
    if not sessions:
        found.append(
            Offer("评委评分表、评分汇总表", "评委签字存档，名次和得分的依据。", "", why="评审会锁定后可以导出。")
        )
    plans = list(visible_plans(user).filter(round=round_).order_by("-version")[:3])
    found += [
        Offer(
            f"资金分配方案表（第 {plan.version} 版，{plan.get_state_display()}）", "提请领导签批：核定、核减、建议和拟资助金额，余额和大写合计。",
            reverse("funding:plan_export", args=[plan.pk]),
        )
        for plan in plans
    ]  # fmt: skip
    if not plans:
        found.append(Offer("资金分配方案表", "提请领导签批。", "", why="拟订资金分配方案后可以导出。"))
    notices = list(PublicNotice.objects.filter(plan__in=visible_plans(user), plan__round=round_).order_by("-pk")[:3])
    found += [
        Offer(
            f"拟立项项目公示表（第 {notice.version} 版）" if notice.version > 1 else "拟立项项目公示表", "张贴在公示栏，与网上公示内容一致，不含个人信息。",
            reverse("funding:notice_export", args=[notice.pk]),
        )
        for notice in notices
    ]  # fmt: skip
    if not notices:
        found.append(Offer("拟立项项目公示表", "张贴在公示栏。", "", why="发布公示后可以导出。"))
    return found + _after_signing(round_)


def _after_signing(round_: Round) -> list[Offer]:
    """E10 of the round, and where each project's own reports are."""
    agreements = Agreement.objects.filter(round=round_).exclude(state="dropped")
    if not agreements.exists():
        return [Offer("协议签订及拨付台账", "协议金额、各期拨付和拨付率。", "", why="签订协议后可以导出。")]
    return [
        Offer("协议签订及拨付台账", "协议金额、各期拨付和拨付率，合计可以逐行相加。", reverse("funding:ledger_export", args=[round_.pk])),
        Offer("预算执行表、支出凭证清单", "每个项目一份，在项目的支出页导出。", "", why="请到“支出”里打开项目。"),
    ]  # fmt: skip


@require_POST
def year_export(request: HttpRequest, street_id: int) -> HttpResponse:
    """Start the export of E25 of a street and year; the next page shows its progress."""
    user = person(request)
    street = get_object_or_404(Area.objects.streets().filter(pk__in=street_ids(user)), pk=street_id)
    if street.pk not in street_ids(user, *READERS):
        raise NotAllowed
    form = YearForm(request.POST)
    if not form.is_valid():
        messages.error(request, "请填写 2000 至 2100 之间的年度。")
        return redirect("portal:reports")
    at, year = clock.now(), form.cleaned_data["year"]
    day = clock.local(at).date()
    title = file_title(year=year, about=street.name, report="公益创投年度总表", day=day)
    job = start_job(
        owner=user, kind="portal.e25", title=title, params={"street": street.pk, "year": year, "day": day.isoformat()}, at=at, scope_id=street.pk
    )  # fmt: skip
    return redirect("jobs:detail", job.pk)
