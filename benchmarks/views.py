"""The yardstick: a signed-in view behind the same middleware that does one upsert and answers."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

SQL = (
    "INSERT INTO bench_upsert (id, marks) VALUES (%s, %s) "
    "ON CONFLICT (id) DO UPDATE SET marks = EXCLUDED.marks, n = bench_upsert.n + 1"
)


@require_POST
def upsert(request: HttpRequest, pk: int) -> HttpResponse:
    """One upsert of what was posted, by a signed-in person."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    with connection.cursor() as cursor:
        cursor.execute(SQL, [pk, request.POST.get("total", "")])
    return JsonResponse({"code": "saved"})
