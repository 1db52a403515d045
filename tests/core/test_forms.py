"""The shared ground of forms: what people type, what they are told, what a screen reader hears."""

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from crispy_forms.utils import render_crispy_form
from django import forms
from django.template import Context, Template

from core.forms import DateField, MomentField, MoneyInput, OnceKey, PortalForm, PortalModelForm, error_rows
from rounds.models import Round


class Sample(PortalForm):
    name = forms.CharField(label="项目名称", max_length=5, help_text="不超过 5 个字")
    theme = forms.ChoiceField(label="主题", choices=[("a", "党建")], widget=forms.RadioSelect)
    amount = MoneyInput(label="申请金额（元）", low=Decimal("100.00"), high=Decimal("30000.00"))
    day = DateField(label="开始日期", required=False)
    agree = forms.BooleanField(label="我已阅读")
    once_key = OnceKey()


KEY = "7f3c9a52-8a4e-4c3b-9a0e-111111111111"
GOOD = {"name": "暖邻", "theme": "a", "amount": "30,000", "day": "2026年11月23日", "agree": "on", "once_key": KEY}


def test_form_with_good_answers_cleans_to_exact_values():
    form = Sample(GOOD)
    assert form.is_valid()
    assert form.cleaned_data == {
        "name": "暖邻", "theme": "a", "amount": Decimal("30000.00"), "day": date(2026, 11, 23), "agree": True,
        "once_key": uuid.UUID(KEY),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("5000", "5000.00"), (" 5 000 ", "5000.00"), ("¥5,000.5", "5000.50"), ("３００００", "30000.00"),
        ("1，234．50", "1234.50"), ("100元", "100.00"),
    ],
)  # fmt: skip
def test_money_as_people_type_it(typed, amount):
    field = MoneyInput(label="金额")
    assert str(field.clean(typed)) == amount


@pytest.mark.parametrize("typed", ["五千", "1.005", "-5", "1e3", "5 万", "nan", "Infinity", "+1", "0x10"])
def test_money_that_is_none_is_refused_with_an_example(typed):
    with pytest.raises(forms.ValidationError) as refused:
        MoneyInput(label="金额").clean(typed)
    assert refused.value.messages == ["请填写金额，单位为元，例如 5000 或 5000.50，最多两位小数。"]


def test_money_beyond_its_limits_names_the_limit():
    field = MoneyInput(low=Decimal("100.00"), high=Decimal("30000.00"))
    with pytest.raises(forms.ValidationError) as high:
        field.clean("30000.01")
    with pytest.raises(forms.ValidationError) as low:
        field.clean("99.99")
    assert high.value.messages == ["金额不能超过 30,000.00 元。"]
    assert low.value.messages == ["金额不能少于 100.00 元。"]
    assert field.clean("100") == Decimal("100.00")
    assert field.clean("30000") == Decimal("30000.00")


def test_money_left_empty_is_none_where_it_may_be():
    assert MoneyInput(required=False).clean("") is None


def test_money_change_is_of_value_not_of_spelling():
    field = MoneyInput()
    assert not field.has_changed(Decimal("5000.00"), "5,000")
    assert field.has_changed(Decimal("5000.00"), "5001")
    assert field.has_changed(Decimal("5000.00"), "五千")


@pytest.mark.parametrize(
    "typed", ["2026-11-23", "2026年11月23日", "2026/11/23", "2026.11.23", " 2026 年 11 月 23 日 ", "２０２６-１１-２３"]
)
def test_date_as_people_type_it(typed):
    assert DateField().clean(typed) == date(2026, 11, 23)


def test_date_that_is_none_is_refused_with_an_example():
    with pytest.raises(forms.ValidationError) as refused:
        DateField().clean("2026-02-30")
    assert refused.value.messages == ["请填写日期，例如 2026-11-23 或 2026年11月23日。"]


@pytest.mark.parametrize("typed", ["2026-11-23 17:30", "2026年11月23日 17：30", "2026-11-23T17:30"])
def test_moment_is_read_in_beijing_time(typed):
    assert MomentField().clean(typed) == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def test_once_key_is_drawn_anew_for_each_showing_and_kept_through_a_refusal():
    first, second = Sample(), Sample()
    assert first["once_key"].value() != second["once_key"].value()
    refused = Sample({**GOOD, "name": ""})
    assert f'value="{KEY}"' in str(refused["once_key"])


def test_required_is_said_in_words_and_to_screen_readers():
    html = render_crispy_form(Sample())
    assert html.count("（必填）") == 4
    assert 'aria-required="true"' in str(Sample()["name"])
    assert "aria-required" not in str(Sample()["day"])
    assert "aria-required" not in str(Sample()["once_key"])
    assert " required" not in html.replace("required-word", "")
    assert "*" not in html


def test_hint_and_error_are_tied_to_the_control():
    html = render_crispy_form(Sample({**GOOD, "name": "长到不能再长的名称"}))
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert html.count('id="id_name_helptext"') == 1
    assert html.count('id="id_name_error"') == 1
    assert 'aria-invalid="true"' in html


def test_missing_answers_are_named_by_the_field():
    rows = error_rows(Sample({}))
    assert [(row.text, row.anchor) for row in rows] == [
        ("请填写项目名称。", "id_name"),
        ("请选择主题。", "id_theme_0"),
        ("请填写申请金额（元）。", "id_amount"),
        ("请勾选“我已阅读”。", "id_agree"),
        ("页面已过期，请刷新后重新提交。", ""),
    ]


def test_own_required_sentence_of_a_form_stays():
    class Own(PortalForm):
        reason = forms.CharField(label="理由", error_messages={"required": "退回必须写明理由。"})

    assert Own({}).errors["reason"] == ["退回必须写明理由。"]


def test_every_link_of_the_summary_reaches_a_control():
    form = Sample({})
    html = render_crispy_form(form)
    anchors = [row.anchor for row in form.error_rows() if row.anchor]
    assert anchors == ["id_name", "id_theme_0", "id_amount", "id_agree"]
    for anchor in anchors:
        assert html.count(f' id="{anchor}"') == 1
        assert html.count(f'href="#{anchor}"') == 1


def test_summary_takes_the_focus_and_announces_itself():
    html = render_crispy_form(Sample({}))
    assert html.index("error-summary") < html.index("id_name")
    assert 'role="alert" tabindex="-1" autofocus' in html
    assert "error-summary" not in render_crispy_form(Sample())
    assert "error-summary" not in render_crispy_form(Sample(GOOD))


def test_filter_and_tag_render_the_same_summary_and_no_form_of_their_own():
    page = Template("{% load crispy_forms_tags %}{{ form|crispy }}").render(Context({"form": Sample({})}))
    assert page.count('class="error-summary"') == 1
    assert "<form" not in page + render_crispy_form(Sample())


def test_refusal_of_a_service_stands_first_without_a_link():
    form = Sample(GOOD)
    form.add_error(None, "申报已截止。")
    assert [(row.text, row.anchor) for row in error_rows(form)] == [("申报已截止。", "")]


@pytest.mark.django_db
def test_money_of_a_model_becomes_the_same_box():
    class RoundForm(PortalModelForm):
        class Meta:
            model = Round
            fields = ["budget", "cap"]

    form = RoundForm({"budget": "200，000", "cap": ""})
    assert form.fields["budget"].label == "资金总额（元）"
    assert not form.fields["cap"].required
    assert 'inputmode="decimal"' in str(form["budget"])
    form.full_clean()
    assert form.cleaned_data == {"budget": Decimal("200000.00"), "cap": None}


def test_text_typed_stays_as_typed_after_a_refusal():
    form = Sample({**GOOD, "amount": "三万"})
    assert not form.is_valid()
    assert 'value="三万"' in str(form["amount"])
