"""What an application to a round consists of: chosen in the set-up form, frozen with the rest, shown in the call."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from core.clock import local
from core.exact import digest
from rounds.documents import call_paper
from rounds.domain.papers import PAPERS, READY_PROMISE, SECTIONS, papers_of, ready, sections_of
from rounds.facts import facts_of
from rounds.forms import RoundForm, initial_of
from rounds.models import Round
from rounds.services import edit_round, open_round
from rounds.starts import blank, from_round
from tests.rounds.make import facts, make_round, posted


def as_posted(initial, **changed):
    found = {k: local(v) if hasattr(v, "astimezone") else v for k, v in initial.items()}
    return {k: v if isinstance(v, list) else str(v) for k, v in posted(found, **changed).items()}


@pytest.fixture
def asked(world, at):
    """A round set up from the ready set, in preparation."""
    initial = ready() | {
        "section_most_need": 800, "section_features": "optional", "paper_own1": "required", "paper_label_own1": "场地同意书", "opinion": "required",
    }  # fmt: skip
    form = RoundForm(as_posted(initial_of(make_round(world, at)) | initial, title="要求多的一期"))
    assert form.is_valid(), form.errors
    data, themes = form.facts()
    row = make_round(world, at, title="要求多的一期")
    edit_round(round_id=row.pk, facts=data, themes=themes, at=at, by=world.here.people["office"])
    return Round.objects.get(pk=row.pk)


def test_a_round_made_before_asks_nothing(world, at):
    row = make_round(world, at)
    assert (row.sections, row.papers, row.promise, row.opinion, row.page_lines) == ([], [], "", "", 5)
    assert (facts_of(row)["sections"], facts_of(row)["papers"]) == ([], [])


def test_the_form_keeps_what_was_chosen(asked):
    sections = {s.key: (s.is_required, s.most) for s in sections_of(asked.sections)}
    assert sections["need"] == (True, 800)
    assert sections["team"] == (True, 0)
    assert sections["risks"] == (False, 1000)
    assert sections["features"] == (False, 500)
    assert "experience" not in sections
    papers = {p.key: p for p in papers_of(asked.papers)}
    assert (papers["own1"].label, papers["own1"].is_required) == ("场地同意书", True)
    assert papers["registration"].applies == ("social",)
    assert [p.key for p in papers_of(asked.papers, "team")] == ["budget", "partner", "own1", "other"]
    assert (asked.promise, asked.opinion) == (READY_PROMISE, "required")


def test_the_form_shows_it_again_and_a_clone_takes_it(asked, at):
    again = RoundForm(as_posted(initial_of(asked)))
    assert again.is_valid(), again.errors
    data, _ = again.facts()
    assert (data["sections"], data["papers"]) == (asked.sections, asked.papers)
    clone = from_round(asked, at)
    assert (clone["section_most_need"], clone["paper_label_own1"], clone["promise"]) == (
        800,
        "场地同意书",
        READY_PROMISE,
    )


def test_a_material_of_ones_own_needs_a_name(world, at):
    form = RoundForm(as_posted(initial_of(make_round(world, at)), paper_own2="optional"))
    assert form.errors["paper_label_own2"] == ["请写明这种材料的名称。"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("section_most_need", "12", "必要性和需求分析的字数上限不能少于 50。"),
        ("section_most_need", "许多", "请填写 50 至 3000 之间的整数。"),
        ("paper_size_other", "99", "其他材料每个的大小上限（MB）不能超过 20。"),
    ],
)
def test_figures_out_of_range_are_said_at_their_field(world, at, name, value, words):
    form = RoundForm(as_posted(initial_of(make_round(world, at)), **{name: value}))
    assert form.errors[name] == [words]


def test_one_page_has_no_sections(world, at):
    form = RoundForm(as_posted(initial_of(make_round(world, at)) | ready(), paper="page"))
    assert form.is_valid(), form.errors
    assert form.facts()[0]["sections"] == []
    assert not any(name.startswith("section_") for name in ready(is_page=True))


def test_the_ready_set_is_of_the_catalogue(at):
    first = blank(at)
    assert {k for k in first if k.startswith("section_")} == {f"section_{k}" for k in SECTIONS}
    assert {k for k in PAPERS if first[f"paper_{k}"] == "required"} == {"registration"}


def test_opening_freezes_it_with_the_digest_and_nothing_changes_it_after(asked, world, at):
    office = world.here.people["office"]
    row = open_round(round_id=asked.pk, at=at, by=office)
    assert row.rules["sections"] == asked.sections
    assert row.rules["papers"] == asked.papers
    assert (row.rules["promise"], row.rules["opinion"], row.rules["page_lines"]) == (READY_PROMISE, "required", 5)
    assert row.rules_digest == digest(row.rules)
    for name, value in (("sections", []), ("papers", []), ("promise", "别的"), ("opinion", ""), ("page_lines", 9)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Round.objects.filter(pk=row.pk).update(**{name: value})


def test_the_call_and_its_papers_say_it(asked, world, at):
    row = open_round(round_id=asked.pk, at=at, by=world.here.people["office"])
    page = Client().get(f"/calls/{row.pk}/").content.decode()
    for words in (
        "必填，不超过 800 字",
        "场地同意书",
        "必须提供（登记社会组织），最多 2 个，每个不超过 10 MB",
        READY_PROMISE,
        "必须有，初审时核对",
    ):
        assert words in page, words
    assert call_paper(row, "w2") == call_paper(row, "w2")
    assert facts(at)["title"] != row.title


def test_the_set_up_page_shows_both_tables(world, at):
    client = Client()
    client.force_login(world.here.people["office"])
    page = client.get("/rounds/new/?blank=1")
    text = page.content.decode()
    assert text.count('name="section_need"') == 1
    assert text.count('name="paper_for_registration"') == 4
    assert page.context["form"]["section_need"].value() == "required"
    assert page.context["form"]["paper_for_registration"].value() == ["social"]


def test_budget_lines_of_one_page_have_a_limit(world, at):
    row = make_round(world, at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Round.objects.filter(pk=row.pk).update(page_lines=13)
