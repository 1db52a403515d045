"""Pages of 公示, for everybody; and W10, the notice as Word."""

import tempfile
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import segno
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from accounts.web import person
from core import clock
from core.documents import DOCX, Signed, Table, write_document
from core.files import attachment
from core.money import show_yuan
from funding import rules
from funding.models import PublicNotice
from workdays.domain import workdays_left
from workdays.models import DayOverride


@login_not_required
@require_safe
def notice_list(request: HttpRequest) -> HttpResponse:
    """All public notices, for everybody."""
    page = Paginator(rules.public_notices(), 30).get_page(request.GET.get("page"))
    return render(request, "funding/notice_list.html", {"page": page, "today": clock.local(clock.now()).date()})


@login_not_required
@require_safe
def notice_detail(request: HttpRequest, notice_id: int) -> HttpResponse:
    """One public notice with its working-day clock; no personal data. Asked for anew each time: it may be corrected."""
    notice = get_object_or_404(rules.public_notices(), pk=notice_id)
    today = clock.local(clock.now()).date()
    overrides = dict(DayOverride.objects.values_list("day", "is_workday"))
    address = request.build_absolute_uri(reverse("funding:notice", args=[notice.pk]))
    facts = {
        "notice": notice,
        "round": notice.plan.round,
        "today": today,
        "address": address,
        "qr": qr_of(address),
        "object_address": request.build_absolute_uri(reverse("funding:object", args=[notice.pk])),
        "left": workdays_left(today, notice.ends_on, overrides) if notice.starts_on <= today <= notice.ends_on else 0,
        "begun": today >= notice.starts_on,
        "over": today > notice.ends_on,
        "newest": rules.public_notices()
        .filter(plan__round=notice.plan.round_id, plan__version__gt=notice.plan.version)
        .first(),
        "newer": notice.plan.notices.filter(version__gt=notice.version).order_by("-version").first(),
        "older": notice.plan.notices.filter(version__lt=notice.version).order_by("-version").first(),
    }
    answer = render(request, "funding/notice.html", facts)
    patch_cache_control(answer, private=True, no_cache=True)
    return answer


def qr_of(text: str) -> str:
    """A QR code as inline SVG."""
    return str(segno.make(text, error="m").svg_inline(scale=4, border=2, omitsize=True))


@require_safe
def notice_word(request: HttpRequest, notice_id: int) -> HttpResponseBase:
    """W10: the notice as it was published, as Word for the paper board and for sealing."""
    user = person(request)
    notice = get_object_or_404(rules.public_notices(), pk=notice_id, plan__in=rules.visible_plans(user))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "notice.docx"
        write_notice(path, notice)
        content = path.read_bytes()
    day = clock.local(notice.published_at)
    return attachment(
        BytesIO(content), name=f"{notice.title}-第{notice.version}版-{day:%Y%m%d}.docx", content_type=DOCX
    )


def write_notice(path: Path, notice: PublicNotice) -> None:
    """W10 of one notice, from its frozen content."""
    content, round_ = notice.content, notice.plan.round
    street, day = round_.street.name, clock.local(notice.published_at)
    rows = [
        [
            str(r["number"]),
            r["title"],
            r["organization"],
            r["community"],
            r["theme"] or "",
            show_yuan(Decimal(r["amount"])),
        ]
        for r in content["rows"]
    ]
    rows.append(["合计", "", "", "", "", show_yuan(Decimal(content["total"]))])
    correction = (
        [f"本公示更正此前发布的公示（第 {notice.version - 1} 版）。更正理由：{notice.correction_reason}"]
        if notice.version > 1
        else []
    )
    demo = ["演示数据：得分和金额为演示而编，不是真实结果。"] if notice.plan.is_demo else []
    write_document(
        path, notice.title,
        [
            *demo, *correction,
            f"按照评审得分和资金分配办法，并经集体研究，拟资助以下 {len(content['rows'])} 个项目，现予公示。",
            f"公示期：{clock.spoken(notice.starts_on)}至{clock.spoken(notice.ends_on)}（{round_.notice_days} 个工作日，起始日计入）。",
            f"对以上项目如有异议，请在公示期内以书面形式实名反映，并附证据；匿名反映只作为线索。受理方式：{notice.contact}。",
            f"拟资助金额合计 {show_yuan(Decimal(content['total']))} 元，大写：{content['total_upper']}。",
            Table(["序号", "项目名称", "承接单位", "实施社区", "主题", "拟资助金额（元）"], rows, [13, 45, 38, 22, 14, 28], frozenset({5})),
            Signed(street, clock.spoken(day)),
        ],
        author=street,
    )  # fmt: skip
