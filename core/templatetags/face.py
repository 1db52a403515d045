"""The face's small set of template tags and filters. Markup lives in templates/parts/, shown on the gallery page."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms, template
from django.core.paginator import Page
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.clock import local
from core.forms import error_rows
from core.money import show_yuan
from core.paging import CappedPaginator

register = template.Library()

# One tone per state word of any app. A tone is a colour plus an icon, never a colour alone.
TONES = {
    "draft": "quiet", "setup": "quiet", "waiting": "quiet", "collected": "quiet", "offered": "active",
    "open": "active", "submitted": "active", "listed": "active", "scoring": "active", "running": "active",
    "analysed": "quiet", "handling": "active", "feedback": "active", "rating": "active", "held": "warn", "returned": "warn", "rejected": "warn", "unknown": "warn", "below_quorum": "warn",
    "passed": "good", "approved": "good", "claimed": "good", "confirmed": "good", "locked": "good",
    "published": "good", "done": "good", "funded": "good", "closed": "quiet", "ranked": "good", "partial": "good",
    "reserve": "quiet", "unfunded": "quiet", "declined": "quiet", "withdrawn": "quiet", "absent": "quiet",
    "requested": "active", "checked": "active", "paid": "good", "cancelled": "quiet",
    "refused": "bad", "failed": "bad", "due": "active", "sent": "good", "dropped": "warn", "recalled": "quiet", "merged": "quiet", "signed": "good", "accepted": "good", "reversed": "quiet", "planned": "active", "comparing": "active", "lapsed": "warn", "moved": "quiet", "kept": "good", "expired": "quiet",
}  # fmt: skip
ICONS = {
    "quiet": "circle",
    "active": "play-circle",
    "warn": "exclamation-triangle",
    "good": "check-circle",
    "bad": "x-circle",
}
STATE_ICONS = {"waiting": "hourglass-split", "locked": "lock", "scoring": "pencil", "draft": "pencil"}

SAVE_WORDS = {
    "idle": "尚未修改",
    "local": "已存本机",
    "sending": "发送中",
    "saved": "已送达",
    "retrying": "未保存，正在重试",
    "locked": "已锁定，不能再修改",
    "refused": "未保存",
}


@register.filter
def yuan(amount: Decimal | str | None) -> str:
    """`30,000.00`, or an em dash for no amount."""
    return "—" if amount is None or amount == "" else show_yuan(Decimal(amount))


@register.filter
def points(score: Decimal | None) -> str:
    """A score with two decimals, or an em dash."""
    return "—" if score is None else f"{score:.2f}"


WEEKDAYS = "一二三四五六日"


@register.filter
def when(moment: datetime | None) -> str:
    """`2026年11月23日 周一 14:03` on the wall clock of Shanghai."""
    if moment is None:
        return "—"
    t = local(moment)
    return f"{t.year}年{t.month}月{t.day}日 周{WEEKDAYS[t.weekday()]} {t:%H:%M}"


@register.filter
def weekday(moment: datetime) -> str:
    """`周一`, on the wall clock of Shanghai."""
    return f"周{WEEKDAYS[local(moment).weekday()]}"


@register.filter
def exactly(moment: datetime | None) -> str:
    """`2026年11月23日 14:03:22`: to the second, for receipts and deadlines."""
    if moment is None:
        return "—"
    t = local(moment)
    return f"{t.year}年{t.month}月{t.day}日 {t:%H:%M:%S}"


@register.filter
def day(moment: datetime | date | None) -> str:
    """`2026年11月23日 周一`: a date, or the day of a moment on the wall clock of Shanghai."""
    if moment is None:
        return "—"
    on = local(moment).date() if isinstance(moment, datetime) else moment
    return f"{on.year}年{on.month}月{on.day}日 周{WEEKDAYS[on.weekday()]}"


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite (its name stands in icons.txt): decorative unless `label` says what it means."""
    href = f"{static('vendor/bootstrap-icons/icons.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', href)


@register.inclusion_tag("parts/status.html")
def status(state: str, words: str) -> dict[str, Any]:
    """State label: tone by state, words from the model's `get_state_display`."""
    tone = TONES.get(state, "quiet")
    return {"tone": tone, "icon_name": STATE_ICONS.get(state, ICONS[tone]), "words": words}


@register.inclusion_tag("parts/demo.html")
def demo(is_demo: bool) -> dict[str, Any]:
    """The mark 演示数据 where a row is made up."""
    return {"is_demo": is_demo}


@register.inclusion_tag("parts/deadline.html")
def deadline(moment: datetime, now: datetime, label: str = "截止") -> dict[str, Any]:
    """Date, weekday, second and what is left, by the server's clock; `data-` attributes let the page count down."""
    left = moment - now
    seconds = int(left.total_seconds())
    days, rest = divmod(max(seconds, 0), 86400)
    return {
        "moment": moment, "now": now, "label": label, "over": seconds <= 0, "days": days, "hours": rest // 3600,
        "minutes": rest % 3600 // 60, "near": 0 < seconds <= 3 * 86400,
    }  # fmt: skip


@register.inclusion_tag("parts/empty.html")
def empty(title: str, hint: str = "", href: str = "", action: str = "") -> dict[str, Any]:
    """Empty state: why the list is empty and one next step."""
    return {"title": title, "hint": hint, "href": href, "action": action}


@register.inclusion_tag("parts/steps.html")
def steps(items: list[tuple[str, str]]) -> dict[str, Any]:
    """Step bar. `items`: (words, state) with state `done`, `now` or `todo`."""
    return {"items": items}


@register.inclusion_tag("parts/tasks.html")
def tasks(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Task list. Items: `title`, `href`, `state` (todo, done, late, wait), optional `hint`, `count`, `due`, `due_on` (a day)."""
    return {"items": items}


@register.inclusion_tag("parts/pager.html", takes_context=True)
def pager(context: dict[str, Any], page: Page[Any]) -> dict[str, Any]:
    """Pages of a list, filters kept in the address; says `共 × 条`, or `× 条以上` where counting stopped."""
    query = context["request"].GET.copy()
    query.pop("page", None)
    capped = isinstance(page.paginator, CappedPaginator) and page.paginator.is_capped
    return {"page": page, "query": query.urlencode(), "capped": capped}


@register.inclusion_tag("parts/find.html", takes_context=True)
def find(context: dict[str, Any], label: str) -> dict[str, Any]:
    """The box above a list that finds by words, initials or a number; the other filters of the address are kept."""
    query = context["request"].GET.copy()
    query.pop("page", None)
    words = (query.pop("q", None) or [""])[-1]
    return {
        "label": label,
        "words": words[:60],
        "kept": [(k, v) for k in query for v in query.getlist(k)],
        "without": query.urlencode(),
    }


@register.inclusion_tag("parts/trail.html")
def trail(*pairs: str) -> dict[str, Any]:
    """Location trail: words and href in turn, the last words alone: `{% trail "首页" "/home/" "需求" %}`."""
    links = [(pairs[i], pairs[i + 1] if i + 1 < len(pairs) else "") for i in range(0, len(pairs), 2)]
    return {"links": links}


@register.inclusion_tag("parts/error_summary.html")
def error_summary(form: forms.BaseForm) -> dict[str, Any]:
    """What is wrong with a form, above its fields: takes the focus, links to each field. Nothing when all is right."""
    return {"rows": error_rows(form)}


@register.inclusion_tag("parts/save_state.html")
def save_state(state: str = "idle", words: str = "", label: str = "保存状态") -> dict[str, Any]:
    """The save-state line that static/portal/save_state.js drives: idle, local, sending, saved, retrying, locked."""
    return {"state": state, "words": words or SAVE_WORDS[state], "label": label}


@register.inclusion_tag("parts/facts.html")
def facts(*pairs: object) -> dict[str, Any]:
    """Label and value in turn, as a list of facts: `{% facts "编号" need.number "提交时间" at %}`."""
    return {"rows": list(zip(pairs[::2], pairs[1::2], strict=True))}


@register.inclusion_tag("parts/lost_files.html")
def lost_files(form: forms.BaseForm, what: str = "文件") -> dict[str, Any]:
    """Which files were chosen for a form that is shown again: without scripts the browser has let go of them."""
    chosen = [file for name in form.files for file in form.files.getlist(name)] if form.files else []
    return {"what": what, "names": [f"“{file.name}”" for file in chosen]}


MOST_FAULTS = 200


@register.inclusion_tag("parts/import_faults.html")
def import_faults(faults: list[dict[str, Any]], good: int, wrong: int, errors: str, again: str) -> dict[str, Any]:
    """What is wrong with a file that was read: so many rows right and wrong, the file of faults at `errors`, each fault by its place.

    `wrong` is 0 where no single row is to blame: then there is no file. `again` is where the next one is uploaded.
    """
    return {
        "faults": faults[:MOST_FAULTS], "more": max(0, len(faults) - MOST_FAULTS) if wrong else 0, "good": good, "wrong": wrong,
        "errors": errors, "again": again, "has_sheets": any("sheet" in f for f in faults),
    }  # fmt: skip
