"""Files of the eligibility check: the notice to the applicant (W5), the report of a round (E4)."""

from io import BytesIO

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.web import person
from core import clock
from core.documents import DOCX
from core.errors import NotAllowed
from core.files import attachment
from core.sheets import file_title
from jobs.services import start_job
from projects import rules
from projects.documents.notice import notice_title, notice_word
from projects.models import Proposal
from rounds.rules import visible_rounds


@require_safe
@never_cache
def decision_word(request: HttpRequest, proposal_id: int, decision_id: int) -> HttpResponseBase:
    """W5 of one decision, for everybody who reads the proposal; a decision to pass has none."""
    seen = rules.visible_proposals(person(request)).exclude(state=Proposal.State.DRAFT)
    proposal = get_object_or_404(seen, pk=proposal_id)
    decision = get_object_or_404(proposal.decisions.select_related("version"), pk=decision_id)
    title = notice_title(decision)
    if title is None:
        raise Http404
    name = f"{title}-{proposal.receipt_number}-{clock.local(decision.decided_at):%Y%m%d}.docx"
    return attachment(BytesIO(notice_word(decision, proposal)), name=name, content_type=DOCX)


@require_POST
def export_checks(request: HttpRequest, round_id: int) -> HttpResponse:
    """Start the export of E4 of a round; the next page shows its progress."""
    user = person(request)
    round_ = get_object_or_404(visible_rounds(user), pk=round_id)
    if not rules.can_report_checks(user, round_):
        raise NotAllowed
    at = clock.now()
    day = clock.local(at).date()
    title = file_title(year=round_.year, about=round_.title, report="资格初审表", day=day)
    params = {"round": round_.pk, "day": day.isoformat()}
    job = start_job(owner=user, kind="projects.e4", title=title, params=params, at=at, scope_id=round_.street_id)
    return redirect("jobs:detail", job.pk)
