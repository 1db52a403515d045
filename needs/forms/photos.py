"""Photos that come with a need."""

from typing import Any

from django import forms

from core.errors import DomainError
from core.pictures import MOST_MEGABYTES, looked_at
from core.uploads import FilePicker
from needs.models import MOST_PHOTOS


class PhotosField(forms.FileField):
    """Up to three photos; cleans to a list of files whose heads were read. `camera`: a telephone opens it at once."""

    def __init__(self, *, most: int = MOST_PHOTOS, camera: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        self.most = most
        widget = FilePicker("jpg", "png", "webp", megabytes=MOST_MEGABYTES, most=most, is_list=True, camera=camera)
        super().__init__(widget=widget, **kwargs)

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
