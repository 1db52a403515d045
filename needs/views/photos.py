"""Photos of a need: added and seen by who works with it, seen by who asked."""

from io import BytesIO

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.files import attachment
from jobs.storage import place_of
from needs import rules, services
from needs.forms.need import PhotoForm
from needs.models import NeedPhoto
from needs.views.need import need_page, visible


def handed_out(photo: NeedPhoto) -> HttpResponseBase:
    """The stored picture, never kept by anything in between."""
    place = place_of(photo.file)
    if not place.exists():
        raise Http404
    return attachment(BytesIO(place.read_bytes()), name=photo.file.shown_name, content_type=photo.file.content_type)


@require_POST
def photo_new(request: HttpRequest, need_id: int) -> HttpResponse:
    """Add photos to a need that one works on."""
    user, need = person(request), visible(request, need_id)
    if not rules.can_work(user, need):
        raise NotAllowed
    form, status = PhotoForm(request.POST, request.FILES, prefix="shots"), 400
    if form.is_valid():
        try:
            count = services.add_photos(need_id=need.pk, photos=form.cleaned_data["photos"], by=user, at=clock.now())
        except DomainError as error:
            form.add_error("photos", error.message)
            status = error.status
        else:
            messages.success(request, f"照片已存，现有 {count} 张。")
            return redirect("needs:detail", need.pk)
    return need_page(request, need, status, photo_form=form)


@never_cache
@require_safe
def photo(request: HttpRequest, need_id: int, photo_id: int) -> HttpResponseBase:
    """One photo for who sees the need."""
    need = visible(request, need_id)
    return handed_out(get_object_or_404(need.photos.select_related("file"), pk=photo_id))


@login_not_required
@never_cache
@require_safe
def asked_photo(request: HttpRequest, code: str, photo_id: int) -> HttpResponseBase:
    """One photo for who holds the tracking code of the very need."""
    need = rules.need_by_code(code)
    if need is None:
        raise Http404
    return handed_out(get_object_or_404(need.photos.select_related("file"), pk=photo_id))
