"""The shared ground of every form: words instead of asterisks, refusals that say what to do, fields for our inputs.

A form inherits `PortalForm` or `PortalModelForm` and is written in a template as

    <form method="post" novalidate data-guard>{% csrf_token %}{{ form|crispy }} <button …></form>

or with `{% crispy form %}` and a layout in `form.helper`. Errors appear twice: in a summary above the fields that takes
the focus and links to each field, and beside the field itself.
"""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.boundfield import BoundField
from django.forms.utils import ErrorDict

from core.money import TOP, BadAmount, parse_yuan, show_yuan
from core.uploads import FilePicker

NARROW = str.maketrans("０１２３４５６７８９－／．：　", "0123456789-/.: ")


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One line of the error summary. `anchor` is the id of the first control to jump to, or empty."""

    label: str
    message: str
    anchor: str

    @property
    def text(self) -> str:
        """The sentence, led by the field's name where it does not say it itself."""
        return self.message if not self.label or self.label in self.message else f"{self.label}：{self.message}"


def anchor_of(field: BoundField) -> str:
    """The id of the control that a link from the error summary should reach; a group gives its first choice."""
    if field.is_hidden or not field.auto_id:
        return ""
    if isinstance(field.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return f"{field.auto_id}_0"
    return str(field.id_for_label or field.auto_id)


def error_rows(form: forms.BaseForm) -> list[ErrorRow]:
    """All refusals of a form in the order of its fields, those of no field first."""
    if not form.is_bound:
        return []
    rows = [ErrorRow("", str(message), "") for message in form.non_field_errors()]
    for field in form:
        label = "" if field.is_hidden else str(field.label)
        rows += [ErrorRow(label, str(message), anchor_of(field)) for message in field.errors]
    return rows


class PortalBoundField(BoundField):
    """Says `aria-required` on single controls; a group says it in its legend, in words. A file's limits lead its help."""

    def __init__(self, form: forms.BaseForm, field: forms.Field, name: str) -> None:
        super().__init__(form, field, name)
        if isinstance(field.widget, FilePicker):
            self.help_text = "；".join(filter(None, (field.widget.limits, str(self.help_text))))

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        found: dict[str, Any] = super().build_widget_attrs(attrs, widget)
        control = widget or self.field.widget
        if self.field.required and not control.is_hidden and not self.use_fieldset:
            found.setdefault("aria-required", "true")
        return found


class PortalFormMixin:
    """Defaults that make every form of the portal alike.

    No native validation bubbles (they speak the browser's language): `required` becomes `aria-required` plus the word
    （必填） in the label. A missing answer is refused with the field's own name. `helper` renders fields only; the
    template owns `<form>` and buttons.
    """

    bound_field_class: type[BoundField] | None = PortalBoundField
    use_required_attribute = False
    error_css_class = "has-error"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.include_media = False

    def full_clean(self) -> None:
        _speak_all(self)
        super().full_clean()  # type: ignore[misc]

    def error_rows(self) -> list[ErrorRow]:
        return error_rows(self)  # type: ignore[arg-type]


def _speak_all(form: Any) -> None:
    for field in form.fields.values():
        _speak(field)


CHOOSING = (forms.Select, forms.RadioSelect, forms.CheckboxSelectMultiple, forms.CheckboxInput, forms.FileInput)


def _speak(field: forms.Field) -> None:
    """Replace the framework's "required" sentence by one that names the field; a form's own sentence stays."""
    said = field.error_messages.get("required")
    if said is None or str(said) == str(forms.Field.default_error_messages["required"]):
        label = str(field.label or "").rstrip("：:")
        if isinstance(field.widget, forms.CheckboxInput):
            field.error_messages["required"] = f"请勾选“{label}”。"
        elif isinstance(field.widget, forms.FileInput):
            field.error_messages["required"] = f"请选择要上传的文件：{label}。"
        elif isinstance(field.widget, CHOOSING):
            field.error_messages["required"] = f"请选择{label}。"
        else:
            field.error_messages["required"] = f"请填写{label}。"


class PortalForm(PortalFormMixin, forms.Form):
    """A plain form of the portal."""


class Quiet(PortalForm):
    """A form that can be shown again without complaint: a button was pressed that neither saves nor sends."""

    def quiet(self) -> None:
        self._errors = ErrorDict()


class PortalModelForm(PortalFormMixin, forms.ModelForm):  # type: ignore[type-arg]
    """A form over a model. It only cleans: services write, `save()` is not called."""


class MoneyInput(forms.Field):
    """An amount in yuan as people type or paste it: `30,000`, `３００００．５`, `¥5 000 元`. Cleans to Decimal, two places.

    `low` and `high` are inclusive limits in yuan; a refusal names the limit.
    """

    default_error_messages = {"invalid": "请填写金额，单位为元，例如 5000 或 5000.50，最多两位小数。"}

    def __init__(self, *, low: Decimal = Decimal(0), high: Decimal = TOP, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput)
        super().__init__(**kwargs)
        self.low, self.high = low, high
        least = "金额不能为负数。" if low == 0 else f"金额不能少于 {show_yuan(low)} 元。"
        self.validators += [
            MinValueValidator(low, least),
            MaxValueValidator(high, f"金额不能超过 {show_yuan(high)} 元。"),
        ]

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"inputmode": "decimal", "autocomplete": "off", "class": "money-input"}

    def to_python(self, value: Any) -> Decimal | None:
        if value in self.empty_values:
            return None
        if isinstance(value, Decimal):
            return value
        try:
            return parse_yuan(str(value))
        except BadAmount as refused:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from refused

    def prepare_value(self, value: Any) -> Any:
        return f"{value:.2f}" if isinstance(value, Decimal) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(initial) != self.to_python(data))
        except ValidationError:
            return True


class _Typed:
    """Full-width digits and stray blanks are what people paste; read them as the plain ones."""

    @staticmethod
    def plain(value: Any) -> Any:
        return re.sub(r"\s+", " ", value.translate(NARROW).strip()) if isinstance(value, str) else value


class DateField(forms.DateField):
    """A day as typed: `2026-11-23`, `2026/11/23`, `2026.11.23` or `2026年11月23日`. Cleans to `date`."""

    default_error_messages = {"invalid": "请填写日期，例如 2026-11-23 或 2026年11月23日。"}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(format="%Y-%m-%d"))
        kwargs.setdefault("help_text", "例如 2026-11-23 或 2026年11月23日")
        super().__init__(**kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"autocomplete": "off", "class": "date-input"}

    def to_python(self, value: Any) -> date | None:
        plain = _Typed.plain(value)
        return super().to_python(plain.replace(" ", "") if isinstance(plain, str) else plain)


class MomentField(forms.DateTimeField):
    """Day and time as typed, in Beijing time: `2026-11-23 17:30` or `2026年11月23日 17:30`. Cleans to an aware datetime."""

    default_error_messages = {"invalid": "请填写日期和时间，例如 2026-11-23 17:30。"}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateTimeInput(format="%Y-%m-%d %H:%M"))
        kwargs.setdefault("help_text", "北京时间，例如 2026-11-23 17:30")
        super().__init__(**kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"autocomplete": "off", "class": "date-input"}

    def to_python(self, value: Any) -> Any:
        return super().to_python(_Typed.plain(value))


class OnceKey(forms.UUIDField):
    """A hidden key that the server draws when it shows the form: the same form sent twice carries the same key."""

    default_error_messages = {
        "required": "页面已过期，请刷新后重新提交。",
        "invalid": "页面已过期，请刷新后重新提交。",
    }

    def __init__(self, **kwargs: Any) -> None:
        draw: Callable[[], uuid.UUID] = uuid.uuid4
        kwargs.setdefault("label", "提交凭据")
        kwargs.setdefault("initial", draw)
        kwargs.setdefault("widget", forms.HiddenInput)
        super().__init__(**kwargs)
