"""What every template knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

ELDER_STEPS = ("1", "2", "3")


def site(request: HttpRequest) -> dict[str, Any]:
    """Names of the site and the switches that banners depend on; `elder` is the visitor's large-type choice,
    `elder_step` its size (0 off, 1 large, 2 larger, 3 largest).
    """
    chosen = request.COOKIES.get("elder", "")
    step = int(chosen) if chosen in ELDER_STEPS else 0
    return {
        "site_name": settings.SITE_NAME,
        "site_host_unit": settings.SITE_HOST_UNIT,
        "site_phone": settings.SITE_PHONE,
        "site_record": settings.SITE_RECORD,
        "site_version": settings.VERSION,
        "plain_http": settings.PLAIN_HTTP,
        "elder": step > 0,
        "elder_step": step,
    }
