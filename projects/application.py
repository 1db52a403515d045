"""The whole application on paper: a page to print, W3 as Word, the dossier as an archive."""

import tempfile
from io import BytesIO
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.web import person
from core import clock
from core.documents import DOCX
from core.files import attachment
from core.numbers import whole
from core.sheets import file_title
from jobs.services import start_job
from organizations.rules import acts_for
from projects import rules, services
from projects.documents.application import PROMISE, contacts_of, write_application
from projects.models import Proposal, ProposalVersion
from projects.services.papers import safe_name
from projects.views import sheet_of


def _asked(request: HttpRequest, proposal_id: int) -> tuple[Proposal, ProposalVersion | None]:
    """The proposal and the version asked for: `?version=2`, else the newest; none of an applicant's own draft."""
    user = person(request)
    proposal = get_object_or_404(rules.visible_proposals(user), pk=proposal_id)
    versions = proposal.versions.select_related("submitted_by").order_by("-number")
    if "version" in request.GET:
        number = whole(request.GET["version"])
        return proposal, get_object_or_404(versions, number=-1 if number is None else number)
    version = versions.first()
    if version is None and not acts_for(user, proposal.organization_id):
        raise Http404
    return proposal, version


@never_cache
@require_safe
def application_print(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """The whole application for paper."""
    proposal, version = _asked(request, proposal_id)
    content = version.content if version else services.content_of(proposal)
    contacts = contacts_of(proposal, phones=rules.sees_contacts(person(request), proposal))
    facts = {
        "proposal": proposal, "version": version, "contacts": contacts, "promise": PROMISE,
        "opinion": rules.standing_opinion(proposal), **sheet_of(content),
    }  # fmt: skip
    return render(request, "projects/print.html", facts)


@never_cache
@require_safe
def application_word(request: HttpRequest, proposal_id: int) -> HttpResponseBase:
    """W3 as Word."""
    proposal, version = _asked(request, proposal_id)
    content = version.content if version else services.content_of(proposal)
    contacts = contacts_of(proposal, phones=rules.sees_contacts(person(request), proposal))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "application.docx"
        write_application(
            path, proposal, content, version=version, contacts=contacts, opinion=rules.standing_opinion(proposal)
        )
        data = path.read_bytes()
    name = safe_name(f"项目申报书-{proposal.receipt_number or '草稿'}-{content['title']}", "docx")
    return attachment(BytesIO(data), name=name, content_type=DOCX)


@require_POST
def dossier_export(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Start the dossier of the newest version; the next page shows its progress."""
    user = person(request)
    proposal, version = _asked(request, proposal_id)
    if version is None:
        raise Http404
    at = clock.now()
    title = file_title(
        year=proposal.round.year, about=version.content["title"], report="申报档案", day=clock.local(at).date(),
        part=proposal.receipt_number or "",
    )  # fmt: skip
    params = {"proposal": proposal.pk, "version": version.number, "phones": rules.sees_contacts(user, proposal)}
    job = start_job(
        owner=user, kind="projects.dossier", title=title, params=params, at=at, scope_id=proposal.round.street_id
    )
    return redirect("jobs:detail", job.pk)
