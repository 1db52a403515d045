"""Every component on one page, with examples: for whoever writes the next page, and for the tests that look at it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from core import clock
from core.forms import DateField, MoneyInput, OnceKey, PortalForm
from core.uploads import FilePicker


class Example(PortalForm):
    """One field of each kind."""

    name = forms.CharField(label="项目名称", max_length=40, help_text="不超过 40 个字")
    theme = forms.ChoiceField(
        label="主题", choices=[("", "请选择"), ("party", "党建"), ("green", "环保"), ("art", "文体")]
    )
    amount = MoneyInput(label="申请金额（元）", high=Decimal("30000.00"), help_text="本期单个项目最多 30,000.00 元")
    starts_on = DateField(label="开始日期")
    plan = forms.CharField(label="实施方案", widget=forms.Textarea(attrs={"rows": 4}), required=False)
    kind = forms.ChoiceField(
        label="申报主体", choices=[("social", "社会组织"), ("party", "社区党组织")], widget=forms.RadioSelect
    )
    people = forms.MultipleChoiceField(
        label="服务人群",
        choices=[("old", "老年人"), ("young", "儿童青少年"), ("all", "全体居民")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    plan_file = forms.FileField(
        label="附件", required=False, widget=FilePicker("docx", "pdf", "jpg", "png", megabytes=10, most=3)
    )
    agree = forms.BooleanField(label="我已阅读并同意申报须知")
    once_key = OnceKey()


TRIAL = {"name": "", "theme": "", "amount": "35,000", "starts_on": "明天", "plan": "每月一次邻里议事。"}


def _tables() -> dict[str, Any]:
    rows = [
        ("1", "暖邻食堂", "溡源社区", Decimal("30000.00"), "submitted", "已提交"),
        ("2", "楼道微花园", "云秀社区", Decimal("18500.50"), "returned", "退回补正"),
        ("3", "小小河长", "东湖社区", Decimal("9600.00"), "passed", "资格通过"),
    ]
    scores = [
        (1, "暖邻食堂", [("95.00", True), ("92.50", False), ("91.00", False), ("88.00", True)], "91.75"),
        (2, "楼道微花园", [("90.00", True), ("88.50", False), ("87.00", False), ("80.00", True)], "87.75"),
    ]
    charts = [
        ("溡源社区", Decimal(86000), Decimal(51600)), ("云秀社区", Decimal(54500), Decimal("32700.50")), ("<b>东湖</b>社区", Decimal(12000), Decimal(0)),
    ]  # fmt: skip
    return {
        "faults": [
            {"row": 3, "column": "类型", "message": "没有“队伍”这个选项，可填：登记社会组织、备案队伍。"},
            {"row": 7, "column": "所在社区", "message": "本街道没有“东湖社区”。"},
        ],
        "rows": rows, "total": sum((row[3] for row in rows), Decimal(0)), "scores": scores, "charts": charts,
        "months": [("1月", 12, 4), ("2月", 9, 8), ("3月", 21, 15)],
        "heat": [("溡源社区", (9, 4, 0)), ("云秀社区", (2, 7, 1)), ("东湖社区", (0, 3, 5))],
    }  # fmt: skip


@login_not_required
@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    """The components, and a form as it opens; with `?refused` the same form after a wrong submit."""
    now = clock.now()
    names = (settings.BASE_DIR / "icons.txt").read_text(encoding="utf-8").splitlines()
    page = Paginator(range(95), 30).page(2)
    here = reverse("portal:gallery")
    answer = render(
        request,
        "portal/gallery.html",
        {
            "now": now,
            "soon": now + timedelta(hours=30),
            "later": now + timedelta(days=12, hours=3),
            "past": now - timedelta(days=1),
            "form": Example(TRIAL) if "refused" in request.GET else Example(),
            "page": page,
            "icons": [name for name in names if name and not name.startswith("#")],
            "steps": [("填写方案", "done"), ("填写预算", "now"), ("核对", "todo"), ("提交", "todo")],
            "tasks": [
                {
                    "title": "补正“楼道微花园”的预算",
                    "href": here,
                    "state": "late",
                    "hint": "创投办退回，原因：第 3 行缺单价",
                },
                {
                    "title": "审核新需求",
                    "href": here,
                    "state": "todo",
                    "count": 7,
                    "hint": "溡源社区 4 件，云秀社区 3 件",
                },
                {"title": "等待评委交分", "href": here, "state": "wait", "hint": "5 位评委中 3 位已交"},
                {"title": "发布申报通知", "href": here, "state": "done"},
            ],
            **_tables(),
        },
    )
    answer["X-Robots-Tag"] = "noindex"
    return answer
