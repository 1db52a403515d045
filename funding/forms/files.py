"""Fields for files that people hand in."""

from typing import Any

from django import forms

from core.errors import DomainError
from core.uploads import FilePicker
from funding.services import MOST_FILES, check_evidence


class EvidenceField(forms.FileField):
    """Up to `most` files, three unless said otherwise; cleans to a list, checked by content."""

    def __init__(self, *, most: int = MOST_FILES, **kwargs: Any) -> None:
        self.most = most
        super().__init__(
            widget=FilePicker("pdf", "jpg", "png", megabytes=5, most=most, is_list=True),
            required=False,
            **kwargs,
        )

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = data if isinstance(data, list | tuple) else [data] if data else []
        found = [super(EvidenceField, self).clean(one, initial) for one in given]
        try:
            check_evidence(found, self.most)
        except DomainError as error:
            raise forms.ValidationError(error.message) from error
        return found
