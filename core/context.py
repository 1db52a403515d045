"""What every template knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """Names of the site and the switches that banners depend on; `elder` is the visitor's large-type choice."""
    return {
        "site_name": settings.SITE_NAME,
        "site_host_unit": settings.SITE_HOST_UNIT,
        "site_phone": settings.SITE_PHONE,
        "site_record": settings.SITE_RECORD,
        "site_version": settings.VERSION,
        "plain_http": settings.PLAIN_HTTP,
        "elder": request.COOKIES.get("elder") == "1",
    }
