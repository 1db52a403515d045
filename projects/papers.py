"""Pages of a proposal's attachments: added, taken off, handed out to who may read them."""

from io import BytesIO

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.web import person
from core import clock
from core.errors import DomainError
from core.files import attachment
from jobs.storage import place_of
from projects import rules
from projects.forms.papers import AttachmentForm
from projects.models import Attachment
from projects.services.papers import MOST_FILES, MOST_MEGABYTES, add_attachment, remove_attachment
from projects.services.sections import missing_papers, paper_labels, papers_for
from projects.views import own_proposal


def handed_out(found: Attachment) -> HttpResponseBase:
    """The stored document as a download. Raises Http404 where the disk has lost it."""
    place = place_of(found.file)
    if not place.exists():
        raise Http404
    return attachment(BytesIO(place.read_bytes()), name=found.name, content_type=found.file.content_type)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def attachments(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """The applicant's attachments with a form for one more; only shown where nothing may be changed."""
    proposal, user = own_proposal(request, proposal_id), person(request)
    is_open = rules.can_attach(user, proposal)
    kinds = papers_for(proposal)
    form, status = (
        AttachmentForm(*((request.POST, request.FILES) if request.method == "POST" else ()), kinds=kinds),
        200,
    )
    if request.method == "POST" and form.is_valid():
        try:
            data = form.cleaned_data
            kept = add_attachment(
                proposal_id=proposal.pk, kind=data["kind"], file=data["file"], by=user, at=clock.now()
            )
        except DomainError as error:
            form.add_error("file", error.message)
            status = error.status
        else:
            messages.success(request, f"已上传：{kept.name}。")
            return redirect("projects:attachments", proposal.pk)
    rows = list(proposal.attachments.standing().select_related("file"))
    labels, have = paper_labels(proposal), [a.kind for a in rows]
    lacks = missing_papers(proposal.round, proposal.organization.kind, {k: have.count(k) for k in have})
    facts = {
        "proposal": proposal, "form": form, "rows": [(a, labels[a.kind]) for a in rows],
        "wanted": [(p, have.count(p.key), p in lacks) for p in kinds] if proposal.round.papers else [], "is_open": is_open, "can_write": rules.can_write(user, proposal),
        "size": sum(a.file.size for a in rows), "most": MOST_FILES, "megabytes": MOST_MEGABYTES,
    }  # fmt: skip
    return render(request, "projects/attachments.html", facts, status=status)


@require_POST
def attachment_remove(request: HttpRequest, proposal_id: int, attachment_id: int) -> HttpResponse:
    """Take one document off."""
    proposal = own_proposal(request, proposal_id)
    found = get_object_or_404(proposal.attachments.standing(), pk=attachment_id)
    try:
        remove_attachment(attachment_id=found.pk, by=person(request), at=clock.now())
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"已删除：{found.name}。")
    return redirect("projects:attachments", proposal.pk)


@never_cache
@require_safe
def attachment_file(request: HttpRequest, proposal_id: int, attachment_id: int) -> HttpResponseBase:
    """One document for who sees the proposal; what is not yet handed in only for the applicant."""
    user = person(request)
    proposal = get_object_or_404(rules.visible_proposals(user), pk=proposal_id)
    found = get_object_or_404(
        Attachment.objects.select_related("file", "proposal"), proposal=proposal, pk=attachment_id
    )
    if not rules.sees_attachment(user, found):
        raise Http404
    return handed_out(found)
