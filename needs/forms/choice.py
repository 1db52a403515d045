"""Model choices whose rows depend on the person."""

from typing import Any

from django import forms


def choose(form: forms.Form, name: str, rows: Any) -> None:
    """Offer these rows in the field `name`."""
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared as such
    field.queryset = rows
