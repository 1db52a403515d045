"""Photos that come with a need."""

from typing import Any

from django import forms

from core.errors import DomainError
from core.pictures import MOST_MEGABYTES, looked_at
from needs.models import MOST_PHOTOS

ACCEPT = "image/jpeg,image/png,image/webp"


class Photos(forms.ClearableFileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Up to three photos; cleans to a list of files whose heads were read. `camera`: a telephone opens it at once."""

    def __init__(self, *, most: int = MOST_PHOTOS, camera: bool = False, **kwargs: Any) -> None:
        attrs: dict[str, Any] = {"accept": ACCEPT, "data-megabytes": MOST_MEGABYTES}
        attrs |= {"capture": "environment"} if camera else {"multiple": True}
        kwargs.setdefault("help_text", f"JPG 或 PNG，最多 {most} 张，每张不超过 {MOST_MEGABYTES} MB")
        kwargs.setdefault("required", False)
        self.most = most
        super().__init__(widget=Photos(attrs=attrs), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = data if isinstance(data, list | tuple) else [data] if data else []
        if len(given) > self.most:
            raise forms.ValidationError(f"最多 {self.most} 张照片，您选了 {len(given)} 张。")
        found = [super(PhotosField, self).clean(one, initial) for one in given]
        try:
            for one in found:
                looked_at(one)
        except DomainError as error:
            raise forms.ValidationError(error.message) from error
        return found
