"""消息模板: the words of each kind in a street, with a preview and all versions."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from core import clock
from core.errors import DomainError
from messaging import rules, services
from messaging.forms import WordingForm
from messaging.kinds import Kind, all_kinds, fill, kind_of
from messaging.models import Wording
from messaging.web import person, street_of, whole


@require_safe
def wordings(request: HttpRequest) -> HttpResponse:
    """The kinds that have templates, with the version that counts."""
    streets = rules.desk(person(request)).office
    scope_id = street_of(request, streets)
    latest = {}
    for row in Wording.objects.filter(scope_id=scope_id).select_related("made_by").order_by("version"):
        latest[row.kind] = row
    rows = [(kind, latest.get(kind.key)) for kind in all_kinds() if kind.has_template]
    return render(request, "messaging/wordings.html", {"rows": rows, "street": streets[scope_id], "scope_id": scope_id})


def _sample(kind: Kind, subject: str, body: str) -> tuple[str, str]:
    return fill(kind, subject, kind.samples()), fill(kind, body, kind.samples())


@require_http_methods(["GET", "HEAD", "POST"])
def wording(request: HttpRequest, street_id: int, kind_key: str) -> HttpResponse:
    """Edit the words of one kind: `preview` shows them filled in, `save` adds a version, `reset` goes back to the default."""
    user = person(request)
    streets = rules.desk(user).office
    kind = kind_of(kind_key)
    if street_id not in streets or not kind.has_template:
        raise Http404
    scope_id = street_id
    last = services.current_wording(scope_id=scope_id, kind=kind.key)
    words = last or kind
    first = {"subject": words.subject, "body": words.body, "base_version": last.version if last else 0}
    act = request.POST.get("act", "") if request.method == "POST" else ""
    form = WordingForm(request.POST if act in ("preview", "save") else None, kind=kind, initial=first)
    sample = _sample(kind, words.subject, words.body)
    refusal = ""
    if act == "reset":
        base = request.POST.get("base_version", "")
        try:
            services.reset_wording(
                scope_id=scope_id, kind=kind.key, base_version=whole(base), by=user, at=clock.now()
            )  # fmt: skip
        except DomainError as error:
            refusal = error.message
        else:
            messages.success(request, f"“{kind.label}”已恢复默认模板。")
            return redirect("messaging:wordings")
    elif act and form.is_valid():
        data = form.cleaned_data
        sample = _sample(kind, data["subject"], data["body"])
        if act == "save":
            try:
                missing = services.save_wording(scope_id=scope_id, kind=kind.key, by=user, at=clock.now(), **data)
            except DomainError as error:
                form.add_error(None, error.message)
            else:
                messages.success(request, f"“{kind.label}”的模板已保存，从下一条消息起使用。")
                if missing:
                    left_out = "、".join(f"“{w}”" for w in missing)
                    messages.warning(request, f"请留意：新模板没有用到{left_out}，收件人将看不到这些内容。")
                return redirect("messaging:wordings")
    history = Wording.objects.filter(scope_id=scope_id, kind=kind.key).select_related("made_by").order_by("-version")
    page = Paginator(history, 30).get_page(request.GET.get("page"))
    context = {
        "kind": kind, "form": form, "sample": sample, "is_preview": act == "preview" and form.is_valid(), "refusal": refusal,
        "page": page, "street": streets[scope_id], "base": first["base_version"],
    }  # fmt: skip
    return render(
        request, "messaging/wording.html", context, status=400 if request.method == "POST" and not act else 200
    )
