"""述职 and stars: entered by the office, corrected by a new version, commented by the organization."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from core.errors import NotAllowed
from organizations import rules, services
from organizations.models import Standing, StandingComment
from tests.judging.make import signed_in

FACTS = {"year": 2025, "hearing": "basic", "held_on": date(2026, 1, 20), "evidence": "述职评议会记录1号", "stars": 4}


def enter(world, at, by=None, **changed):
    facts = {**FACTS, **changed}
    return services.enter_standing(
        organization_id=world.here.organization.pk, by=by or world.here.people["office"], at=at, **facts
    )


def test_a_correction_is_a_new_version_with_its_reason(world, at):
    enter(world, at)
    with pytest.raises(services.CorrectionReasonMissing, match="2025 年的述职结果已登记为“基本合格”"):
        enter(world, at, hearing="qualified")
    second = enter(world, at, hearing="qualified", correction_reason="复核后更正")
    enter(world, at, year=2024)
    assert rules.standings_in(2025, [world.here.organization.pk]) == {world.here.organization.pk: second}
    assert rules.years_known(world.here.area.pk) == [2025, 2024]
    assert [(s.year, s.number, s.is_current) for s in rules.history_of(world.here.organization)] == [
        (2025, 2, True), (2025, 1, False), (2024, 1, True),
    ]  # fmt: skip


def test_only_the_office_enters_and_only_what_has_happened(world, at):
    for person in (world.here.people["leader"], world.here.people["member"], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            enter(world, at, by=person)
    with pytest.raises(services.HeldInFuture):
        enter(world, at, held_on=at.date() + timedelta(days=1))
    with pytest.raises(services.EvidenceMissing):
        enter(world, at, evidence=" ")
    assert not Standing.objects.exists()


def test_the_organization_comments_on_the_version_that_counts(world, at):
    first = enter(world, at)
    with pytest.raises(NotAllowed):
        services.comment_standing(standing_id=first.pk, words="说明", by=world.here.people["office"], at=at)
    services.comment_standing(standing_id=first.pk, words="因疫情少办两场", by=world.here.people["member"], at=at)
    enter(world, at, correction_reason="星级更正", stars=5)
    with pytest.raises(services.CommentOnOld):
        services.comment_standing(standing_id=first.pk, words="再说", by=world.here.people["member"], at=at)
    assert StandingComment.objects.get().words == "因疫情少办两场"


def test_what_was_said_stays_with_the_year(world, at):
    first = enter(world, at)
    services.comment_standing(standing_id=first.pk, words="因疫情少办两场", by=world.here.people["member"], at=at)
    second = enter(world, at, correction_reason="星级更正", stars=5)
    found = rules.known_standing(world.here.organization.pk, (2026, 2025))
    assert (found, [one.words for one in found.said]) == (second, ["因疫情少办两场"])
    assert rules.known_standing(world.here.organization.pk, (2027, 2026)) is None


def test_the_database_keeps_results_and_comments(world, at):
    row = enter(world, at)
    with pytest.raises(DatabaseError), transaction.atomic():
        Standing.objects.update(hearing="excellent")
    with pytest.raises(DatabaseError), transaction.atomic():
        row.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        Standing.objects.create(
            organization=row.organization, number=1, entered_by=row.entered_by, entered_at=at, **{**FACTS, "year": 2023, "stars": 2}
        )  # fmt: skip


def test_pages_of_office_and_organization(world, at):
    url = f"/organizations/{world.here.organization.pk}/hearings/"
    office, member = signed_in(world.here.people["office"]), signed_in(world.here.people["member"])
    sent = {
        "year": "2025",
        "hearing": "failed",
        "held_on": "2026-01-20",
        "stars": "0",
        "evidence": "记录",
        "correction_reason": "",
    }
    refused = office.post(url, sent | {"held_on": "2999-01-01"})
    assert refused.context["form"].errors == {"held_on": ["述职日期不能晚于今天。"]}
    assert office.post(url, sent).status_code == 302
    again = office.post(url, sent)
    assert "请写明更正理由" in again.context["form"].errors["correction_reason"][0]
    assert member.post(url, sent).status_code == 403
    row = Standing.objects.get()
    assert "述职不合格" in member.get(url).content.decode()
    assert member.post(f"{url}comment/", {"standing": row.pk, "words": "已整改"}).status_code == 302
    assert office.post(f"{url}comment/", {"standing": row.pk, "words": "已整改"}).status_code == 403
    assert "已整改" in office.get(url).content.decode()
    assert signed_in(world.there.people["office"]).get(url).status_code == 404
    assert signed_in(world.here.people["other_member"]).get(url).status_code == 404
