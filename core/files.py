"""Handing out a file so that nothing in it can run in the portal's name."""

from typing import Any

from django.http import FileResponse


def attachment(handle: Any, *, name: str, content_type: str) -> FileResponse:
    """`handle` (binary, closed by the response) as a download; never shown in the page, never guessed at, sandboxed."""
    answer = FileResponse(handle, as_attachment=True, filename=name, content_type=content_type)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "sandbox"
    return answer
