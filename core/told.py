"""What a page told a person after an act: kept for the rest of the session, so that it can be read again."""

from datetime import datetime
from typing import Any

from django.contrib.messages.storage.fallback import FallbackStorage
from django.http import HttpRequest, HttpResponseBase

from core import clock

TOLD = "told"
MOST = 20


class KeptStorage(FallbackStorage):
    """Django's messages; those that were shown to somebody signed in stay in the session, the last twenty."""

    def update(self, response: HttpResponseBase) -> Any:
        request = self.request
        shown = list(self._loaded_messages) if self.used else []  # type: ignore[attr-defined]
        if shown and hasattr(request, "session") and getattr(request, "user", None) and request.user.is_authenticated:
            at = clock.now().isoformat()
            new = [[at, message.level_tag, str(message)[:500]] for message in shown]
            request.session[TOLD] = [*request.session.get(TOLD, []), *new][-MOST:]
        return super().update(response)


def told_to(request: HttpRequest) -> list[dict[str, Any]]:
    """What was told in this session, the last first."""
    return [
        {"at": datetime.fromisoformat(at), "level": level, "words": words}
        for at, level, words in reversed(request.session.get(TOLD, []))
    ]
