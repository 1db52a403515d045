"""Pages of 协议书: the list, one agreement, the draft sheet; Word, scans and papers as downloads."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from io import BytesIO
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Role, User
from accounts.rules import area_paths, may, street_ids
from accounts.web import person
from core import clock
from core.documents import DOCX
from core.errors import DomainError, NotAllowed
from core.files import attachment
from core.finding import narrowed
from core.money import parse_yuan, show_yuan
from core.rmb import rmb_upper
from funding import rules, services
from funding.documents.agreement import agreement_word
from funding.documents.approval import approval_word
from funding.domain import agreement as domain
from funding.domain.difference import differences
from funding.forms import agreement as forms
from funding.forms.decide import ReturnForm
from funding.models import Agreement, AgreementVersion, FundPaper, Instalment
from jobs.models import StoredFile
from jobs.storage import place_of
from organizations.rules import acts_for, current_account, expected_holder, organizations_of
from projects.models import Proposal
from rounds.models import Round

ZERO = Decimal("0.00")
V = AgreementVersion.State
CONDITIONS: dict[str, str] = {str(code): str(label) for code, label in Instalment.Condition.choices}
NEXT = {
    V.DRAFT: "下一步：创投办核对文本后提请审批。", V.APPROVED: "下一步：下载 Word 打印，各方签字盖章后，由创投办登记签订日期并上传扫描件。",
    V.SIGNED: "下一步：承接单位按各期条件申请拨付。", V.SUPERSEDED: "这一版已被后来的版本变更。", V.WITHDRAWN: "这一版已撤销。",
}  # fmt: skip


@require_safe
def agreement_list(request: HttpRequest) -> HttpResponse:
    """Agreements one may see; above them, for the street's people, funded projects still without one."""
    user = person(request)
    seen = rules.visible_agreements(user)
    if not (street_ids(user, *rules.READERS) or area_paths(user, Role.COMMUNITY) or organizations_of(user)):
        raise NotAllowed
    rounds = Round.objects.filter(pk__in=seen.values("round")).order_by("-pk")
    words, state, round_id = (request.GET.get(key, "").strip()[:60] for key in ("q", "state", "round"))
    rows = seen.prefetch_related("versions")
    rows = narrowed(rows, words, texts=("proposal__title", "proposal__organization__name"), codes=("number",))
    if state in Agreement.State.values:
        rows = rows.filter(state=state)
    if round_id.isdecimal() and len(round_id) < 10:
        rows = rows.filter(round=int(round_id))
    page = Paginator(rows.order_by("-pk"), 30).get_page(request.GET.get("page"))
    facts = {
        "page": page, "rows": [(a, _current(list(a.versions.all()))) for a in page], "rounds": rounds, "states": Agreement.State.choices,
        "words": words, "state": state, "round_id": round_id, "filtered": bool(words or state or round_id),
        "waiting": rules.waiting_awards(user, clock.local(clock.now()).date()), "sees_funds": bool(street_ids(user, *rules.READERS)),
    }  # fmt: skip
    return render(request, "funding/agreement_list.html", facts)


def _current(versions: list[AgreementVersion]) -> AgreementVersion | None:
    """The version in hand: the newest that was not withdrawn, else the newest."""
    ordered = sorted(versions, key=lambda v: (v.state != V.WITHDRAWN, v.number))
    return ordered[-1] if ordered else None


# ---- one agreement


def visible(request: HttpRequest, agreement_id: int) -> Agreement:
    """The agreement, or 404."""
    return get_object_or_404(rules.visible_agreements(person(request)), pk=agreement_id)


def visible_version(request: HttpRequest, version_id: int) -> AgreementVersion:
    """The version, or 404."""
    return get_object_or_404(rules.visible_versions(person(request)), pk=version_id)


@require_safe
@never_cache
def detail(request: HttpRequest, agreement_id: int) -> HttpResponse:
    """One agreement: its text in hand, money, papers, versions, and what is next for whom."""
    return detail_page(request, visible(request, agreement_id))


def detail_page(request: HttpRequest, agreement: Agreement, status: int = 200, **bound: Any) -> HttpResponse:
    """The page of an agreement; `bound` are refused forms."""
    user = person(request)
    versions = list(rules.visible_versions(user).filter(agreement=agreement).order_by("-number"))
    version = _current(versions)
    if version is None:
        raise Http404
    state, drafts = version.state, rules.can_draft(user, agreement.round)
    missing = rules.papers_missing(agreement)
    facts = {
        "agreement": agreement, "version": version, "versions": versions, "next": _next(agreement, version),
        **text_facts(user, version), "terms": _terms(agreement, version), "papers": agreement.papers.select_related("file", "added_by").order_by("pk"),
        "missing": missing, "can_add_paper": rules.can_add_paper(user, agreement) and agreement.state == Agreement.State.SIGNED,
        "can_edit": drafts and state == V.DRAFT, "can_withdraw": drafts and state in (V.DRAFT, V.SUBMITTED, V.APPROVED),
        "can_decide": state == V.SUBMITTED and rules.can_approve_agreement(user, version), "can_sign": drafts and state == V.APPROVED,
        "can_change": drafts and agreement.state == Agreement.State.SIGNED and state == V.SIGNED,
        "can_end": rules.can_end(user, agreement) and agreement.state == Agreement.State.SIGNED,
        "twice": rules.twice(agreement.proposal) if drafts or rules.can_end(user, agreement) else [],
        "opinion_form": forms.OpinionForm(prefix="yes"), "return_form": ReturnForm(prefix="back"), "sign_form": forms.SignForm(prefix="sign"),
        "withdraw_form": forms.ReasonForm(prefix="drop"), "change_form": forms.ReasonForm(prefix="change"), "paper_form": forms.PaperForm(prefix="paper"),
        **bound,
    }  # fmt: skip
    return render(request, "funding/agreement.html", facts, status=status)


def _next(agreement: Agreement, version: AgreementVersion) -> str:
    if agreement.state == Agreement.State.ENDED:
        return f"协议已于 {clock.spoken(clock.local(agreement.ended_at).date())} 终止。" if agreement.ended_at else ""
    if agreement.state == Agreement.State.DROPPED:
        return "协议已作废；需要时可在协议列表重新拟订。"
    if version.state == V.SUBMITTED:
        return f"下一步：等待{'社区' if agreement.round.buyer == Round.Buyer.COMMUNITY else '街道领导'}审批。"
    return NEXT[V(version.state)]


def shown_content(user: User, version: AgreementVersion) -> domain.Content:
    """The text as this person may read it: the account masked for whom it is not meant."""
    content = domain.read(version.content)
    if rules.payee_shown(user, version.agreement):
        return content
    return replace(content, payee_account=f"****{content.payee_account[-4:]}")


def text_facts(user: User, version: AgreementVersion) -> dict[str, Any]:
    """What the text partial shows of a version."""
    content = shown_content(user, version)
    return {
        "content": content, "upper": rmb_upper(content.amount), "conditions": CONDITIONS, "payee_shown": rules.payee_shown(user, version.agreement),
        "terms": [_term(t, None) for t in content.terms],
    }  # fmt: skip


def _term(term: domain.Term, paid: Decimal | None) -> dict[str, Any]:
    return {
        "term": term, "upper": rmb_upper(term.amount), "paid": paid, "conditions": [CONDITIONS.get(c, c) for c in term.conditions]
    }  # fmt: skip


def _terms(agreement: Agreement, version: AgreementVersion) -> list[dict[str, Any]]:
    """Instalments with what was paid, where the version binds; as written otherwise."""
    content = domain.read(version.content)
    if version.state != V.SIGNED:
        return [_term(t, None) for t in content.terms]
    paid = rules.paid_by_instalment(agreement)
    by_position = {i.position: paid.get(i.pk, ZERO) for i in agreement.instalments.all()}
    return [_term(t, by_position.get(n, ZERO)) for n, t in enumerate(content.terms, 1)]


@require_safe
@never_cache
def version_detail(request: HttpRequest, version_id: int) -> HttpResponse:
    """One version as a document, and how it differs from another one of the same agreement."""
    user, version = person(request), visible_version(request, version_id)
    others = list(
        rules.visible_versions(user).filter(agreement=version.agreement_id).exclude(pk=version.pk).order_by("number")
    )
    asked = request.GET.get("with", "")
    earlier = [v for v in others if v.number < version.number]
    other = next((v for v in others if str(v.pk) == asked), earlier[-1] if earlier else None)
    older, newer = sorted((other, version), key=lambda v: v.number) if other else (None, version)
    changed = differences(shown_content(user, older), shown_content(user, newer), CONDITIONS) if older else []
    facts = {
        "agreement": version.agreement, "version": version, "others": others, "other": other, "older": older, "newer": newer, "changed": changed,
        **text_facts(user, version),
    }  # fmt: skip
    return render(request, "funding/agreement_version.html", facts)


# ---- the sheet


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_new(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """The office drafts the agreement of a funded project, filled in from what is known."""
    user = person(request)
    proposal = get_object_or_404(
        Proposal.objects.select_related("round__street", "organization", "community").filter(
            round__street__in=street_ids(user, *rules.READERS)
        ),
        pk=proposal_id,
    )
    if not rules.can_draft(user, proposal.round):
        raise NotAllowed
    at = clock.now()
    amount = services.ready_award(proposal, at).amount
    standing = Agreement.objects.filter(proposal=proposal).exclude(state="dropped").first()
    if standing is not None:
        return redirect("funding:agreement", standing.pk)
    purses = rules.purses(proposal, None)

    def save(content: domain.Content) -> AgreementVersion:
        return services.draft_agreement(proposal_id=proposal.pk, content=content, by=user, at=at)

    first = _first_text(proposal, amount, purses, at)
    return _sheet(request, proposal, purses, amount, first, save, {"agreement": None, "version": None})


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_edit(request: HttpRequest, version_id: int) -> HttpResponse:
    """The office changes a draft."""
    user, version = person(request), visible_version(request, version_id)
    agreement = version.agreement
    if not rules.can_draft(user, agreement.round):
        raise NotAllowed
    if version.state != V.DRAFT:
        raise services.VersionMoved
    award = rules.standing_award(agreement.proposal_id)
    purses, at = rules.purses(agreement.proposal, agreement), clock.now()

    def save(content: domain.Content) -> AgreementVersion:
        return services.save_agreement(version_id=version.pk, content=content, by=user, at=at)

    first = forms.initial_of(domain.read(version.content))
    facts = {"agreement": agreement, "version": version}
    return _sheet(request, agreement.proposal, purses, award.amount if award else ZERO, first, save, facts)


def _first_text(proposal: Proposal, amount: Decimal, purses: dict[int, domain.Purse], at: datetime) -> dict[str, Any]:
    """What is known before anybody typed: parties, amount, indicators, sites, instalments, a fund that suffices."""
    registered = current_account(proposal.organization_id)
    street, place = proposal.round.street.name, proposal.community.name if proposal.community else ""
    office = f"{street}办事处" if street.endswith("街道") else street
    by_community = proposal.round.buyer == Round.Buyer.COMMUNITY and place
    targets = list(domain.targets_of(proposal.indicators))
    if proposal.beneficiaries:
        targets.append(domain.Target("直接受益人数", f"{proposal.beneficiaries} 人"))
    sites = list(dict.fromkeys([place, *proposal.orders.order_by("pk").values_list("community__name", flat=True)]))
    enough = next((p for p in purses.values() if p.free >= amount and not p.forbidden and not p.limits), None)
    return {
        "first": place if by_community else office, "second": proposal.organization.name, "third": office if by_community else place,
        "amount": amount, "starts_on": proposal.starts_on or clock.local(at).date(), "ends_on": proposal.ends_on, "copies": 4, "split": "60-40",
        "terms": [{n: getattr(t, n) for n in ("title", "amount", "conditions", "spend_rate")} for t in domain.split(amount, "60-40")],
        "places": [{"community": site} for site in sites if site], "targets": [{"name": t.name, "target": t.target} for t in targets],
        "pulls": {f"fund_{enough.id}": amount} if enough else {},
        "payee_name": registered.holder if registered else expected_holder(proposal.organization), "payee_bank": registered.bank if registered else "",
    }  # fmt: skip


def _sheet(
    request: HttpRequest, proposal: Proposal, purses: dict[int, domain.Purse], granted: Decimal, first: dict[str, Any], save: Any, facts: dict[str, Any]
) -> HttpResponse:  # fmt: skip
    """Show the sheet, fill rows in, or save it. Nothing typed is lost."""
    status, act = 200, request.POST.get("act", "")
    make = partial(forms.AgreementSheet, purses, registered=current_account(proposal.organization_id))
    if request.method != "POST":
        sheet = make(initial=first)
    elif act == "more":
        sheet = make(data=forms.more_rows(request.POST), quiet=True)
    elif act == "split":
        sheet = _split(request, make)
    else:
        sheet = make(data=request.POST)
        if sheet.is_valid():
            try:
                version = save(sheet.content())
            except services.AgreementWrong as error:
                sheet.refuse(error.findings)
                status = error.status
            except DomainError as error:
                sheet.form.add_error(None, error.message)
                status = error.status
            else:
                messages.success(request, "协议草案已保存。核对后提请审批。")
                return redirect("funding:agreement", version.agreement_id)
    more = {
        "proposal": proposal,
        "sheet": sheet,
        "granted": granted,
        "twice": rules.twice(proposal),
        "saved": act,
        "has_errors": bool(sheet.error_rows()),
    }
    return render(request, "funding/agreement_edit.html", facts | more, status=status)


def _split(request: HttpRequest, make: Callable[..., forms.AgreementSheet]) -> forms.AgreementSheet:
    """Instalments of a usual plan, filled in and not saved; an amount nobody can split is said at its field."""
    plan = request.POST.get("split", "")
    try:
        amount = parse_yuan(request.POST.get("amount", ""))
    except ValueError as error:
        sheet = make(data=request.POST, quiet=True)
        sheet.quiet = sheet.form.quiet = False
        sheet.form.full_clean()
        for name in [n for n in sheet.form.errors if n != "amount"]:
            del sheet.form.errors[name]
        if not sheet.form.errors:
            sheet.form.add_error("amount", str(error))
        return sheet
    if plan not in domain.SPLITS:
        return make(data=request.POST, quiet=True)
    return make(data=forms.filled_in(request.POST, amount, plan), quiet=True)


# ---- downloads


@require_safe
@never_cache
def agreement_word_file(request: HttpRequest, version_id: int) -> HttpResponseBase:
    """W13: one version as Word; a draft says so in its title."""
    user, version = person(request), visible_version(request, version_id)
    data = agreement_word(version, shown_content(user, version))
    draft = "" if version.state in rules.SHOWN else "草案-"
    name = f"{draft}{version.agreement.number}-第{version.number}版-项目协议书.docx"
    return attachment(BytesIO(data), name=name, content_type=DOCX)


@require_safe
@never_cache
def approval_word_file(request: HttpRequest, proposal_id: int) -> HttpResponseBase:
    """W12: the letter that a project is approved, once its notice is over and nothing holds it up."""
    user = person(request)
    proposal = get_object_or_404(
        Proposal.objects.select_related("round__street", "organization", "community"), pk=proposal_id
    )
    community = proposal.community
    near = community is not None and may(user, community, Role.COMMUNITY)
    if not (may(user, proposal.round.street, *rules.READERS) or near or acts_for(user, proposal.organization_id)):
        raise Http404
    at = clock.now()
    award = services.ready_award(proposal, at)
    day = clock.local(at).date()
    return attachment(
        BytesIO(approval_word(award, proposal, day)),
        name=f"立项通知书-{proposal.pk}-{day:%Y%m%d}.docx",
        content_type=DOCX,
    )


@require_safe
@never_cache
def scan_file(request: HttpRequest, version_id: int) -> HttpResponseBase:
    """The signed scan, for those who may read the account that stands in it."""
    user, version = person(request), visible_version(request, version_id)
    if version.scan is None:
        raise Http404
    if not rules.payee_shown(user, version.agreement):
        raise NotAllowed
    return _handed(version.scan)


@require_safe
@never_cache
def paper_file(request: HttpRequest, paper_id: int) -> HttpResponseBase:
    """One paper of the democratic path."""
    seen = rules.visible_agreements(person(request)).values("pk")
    paper = get_object_or_404(FundPaper.objects.select_related("file"), pk=paper_id, agreement__in=seen)
    return _handed(paper.file)


def _handed(file: StoredFile) -> HttpResponseBase:
    place = place_of(file)
    if not place.exists():
        raise Http404
    return attachment(BytesIO(place.read_bytes()), name=file.shown_name, content_type=file.content_type)


def ending(agreement: Agreement) -> dict[str, Any]:
    """What ending an agreement would do: open requests that are cancelled, yuan paid, yuan back to the pool."""
    waiting = agreement.payments.filter(state__in=["requested", "checked", "approved"])
    paid = sum(rules.paid_by_instalment(agreement).values(), ZERO)
    return {
        "waiting": waiting.count(), "waiting_amount": show_yuan(sum((p.amount for p in waiting), ZERO)), "paid": show_yuan(paid),
        "back": show_yuan(agreement.amount - paid), "open_version": agreement.versions.filter(state__in=[V.DRAFT, V.SUBMITTED, V.APPROVED]).exists(),
    }  # fmt: skip
