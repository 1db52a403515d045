"""How long a file can still be fetched, in words."""

from datetime import datetime

from core.clock import local


def left_words(expires_at: datetime, at: datetime) -> str:
    """`还有 6 天到期`, `明天 14:03 到期`, `今天 14:03 到期`, `已过期`: by the calendar of Shanghai."""
    if expires_at <= at:
        return "已过期"
    end = local(expires_at)
    days = (end.date() - local(at).date()).days
    if days > 1:
        return f"还有 {days} 天到期"
    return f"{('今天', '明天')[days]} {end:%H:%M} 到期"
