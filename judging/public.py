"""Published results, for everybody."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from judging import rules


@login_not_required
@require_safe
def public_result(request: HttpRequest, session_id: int) -> HttpResponse:
    """The ranking with the arithmetic of each score; judges appear as numbers."""
    session = get_object_or_404(rules.public_results(), pk=session_id)
    lines = session.result.lines.select_related("entry__proposal__organization", "entry__proposal__community").order_by(
        "place"
    )
    own = []
    if request.user.is_authenticated:
        own = list(rules.own_entries(request.user).filter(session=session).values_list("pk", "proposal__title"))
    return render(request, "judging/public_result.html", {"session": session, "lines": lines, "own": own})
