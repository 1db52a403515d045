"""The one control for files: which kinds, how large and how many stands beside it, and static/portal/files.js knows it too."""

from typing import Any

from django import forms

# ending: how people call it (none: taken, but not named), what else it may end in, its types
KINDS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "pdf": ("PDF", (), ("application/pdf",)),
    "jpg": ("JPG", ("jpeg",), ("image/jpeg",)),
    "png": ("PNG", (), ("image/png",)),
    "webp": ("", (), ("image/webp",)),
    "docx": ("DOCX", (), ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",)),
    "xlsx": ("XLSX", (), ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",)),
    "csv": ("CSV", (), ("text/csv",)),
    "json": ("JSON", (), ("application/json",)),
}
PICTURES = {"jpg", "png", "webp"}


def named(kinds: tuple[str, ...]) -> str:
    """`PDF、JPG 或 PNG`."""
    *first, last = [KINDS[k][0] for k in kinds if KINDS[k][0]]
    return f"{'、'.join(first)} 或 {last}" if first else last


class FilePicker(forms.FileInput):
    """Files of `kinds` (keys of KINDS), each of at most `megabytes`, at most `most`.

    More than one, or `is_list`, gives the field a list. `camera`: a telephone opens it at once. The limits are told here and
    tried in the browser; the field or its service tries them again.
    """

    def __init__(self, *kinds: str, megabytes: int, most: int = 1, is_list: bool = False, camera: bool = False) -> None:
        self.allow_multiple_selected = is_list or most > 1
        endings = [e for k in kinds for e in (k, *KINDS[k][1])]
        unit = "张" if set(kinds) <= PICTURES else "个"
        attrs: dict[str, Any] = {
            "accept": ",".join([f".{e}" for e in endings] + [t for k in kinds for t in KINDS[k][2]]),
            "data-kinds": " ".join(endings),
            "data-named": named(kinds),
            "data-megabytes": megabytes,
            "data-most": most,
            "data-unit": unit,
        }
        if camera:
            attrs["capture"] = "environment"
        elif most > 1:
            attrs["multiple"] = True
        super().__init__(attrs)
        many = f"，最多 {most} {unit}" if most > 1 else ""
        self.limits = f"{named(kinds)}{many}，{'每' + unit if many else ''}不超过 {megabytes} MB"
