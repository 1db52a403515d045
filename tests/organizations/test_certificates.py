"""A leader confirms stars; certificates are numbered, made again as the same file, and lose force with a correction."""

import io
from datetime import date
from decimal import Decimal

import docx
import pytest
from django.db import DatabaseError, transaction

from core.errors import NotAllowed
from organizations import rules, services
from organizations.domain.rating import CRITERIA
from organizations.models import RatingConfirmation, Standing
from organizations.services import Choice
from tests.judging.make import signed_in

D = Decimal


@pytest.fixture
def rows(world, at, monkeypatch):
    """Both organizations of the street, resident, rated 85 and 95, heard as qualified."""
    monkeypatch.setattr("core.clock.now", lambda: at)
    office, found = world.here.people["office"], [world.here.organization, world.here.other_organization]
    for row, mark in zip(found, (85, 95), strict=True):
        row.moved_in_on = date(2026, 1, 1)
        row.save()
        rate(world, at, row, mark)
        services.enter_standing(
            organization_id=row.pk, year=2026, hearing="qualified", held_on=date(2026, 11, 20), evidence="述职评议会记录", stars=0, by=office,
            at=at,
        )  # fmt: skip
    return found


def rate(world, at, row, mark, shown=0, reason="", **marks):
    given = dict.fromkeys(CRITERIA, D(mark)) | marks
    return services.enter_rating(
        organization_id=row.pk, year=2026, marks=given, shown=shown, by=world.here.people["office"], at=at, correction_reason=reason
    )  # fmt: skip


def confirm(world, at, *choices, by=None, street=None):
    return services.confirm_ratings(
        street=street or world.here.area, year=2026, choices=choices, by=by or world.here.people["leader"], at=at
    )


def test_a_leader_confirms_and_each_star_gets_a_number(world, at, rows):
    one, other = rows
    for person in (world.here.people["office"], world.here.people["member"], world.there.people["leader"]):
        with pytest.raises(NotAllowed):
            confirm(world, at, Choice(one.pk, 1, 4), by=person)
    with pytest.raises(NotAllowed):
        confirm(world, at, Choice(world.there.organization.pk, 1, 4))
    for choices, refusal in (
        ((), services.NothingChosen), ((Choice(one.pk, 0, 4),), services.RatingChanged), ((Choice(one.pk, 1, 5),), services.DifferenceReasonMissing),
        ((Choice(one.pk, 1, 4), Choice(other.pk, 1, 3)), services.DifferenceReasonMissing),
    ):  # fmt: skip
        with pytest.raises(refusal):
            confirm(world, at, *choices)
    assert not RatingConfirmation.objects.exists()
    made = confirm(world, at, Choice(one.pk, 1, 4), Choice(other.pk, 1, 3, "财务整改未完成"))
    assert [(m.stars, m.proposed, m.serial) for m in made] == [(4, 4, 1), (3, 5, 2)]
    found = rules.newest_versions(2026, [one.pk, other.pk])
    assert [(found[r.pk].hearing, found[r.pk].stars, found[r.pk].number) for r in rows] == [
        ("qualified", 4, 2), ("qualified", 3, 2),
    ]  # fmt: skip
    with pytest.raises(services.AlreadyConfirmed):
        confirm(world, at, Choice(one.pk, 1, 4))
    with pytest.raises(DatabaseError), transaction.atomic():
        RatingConfirmation.objects.update(stars=5)


def test_what_is_needed_before_a_star(world, at, rows):
    one, other = rows
    third = world.here.area and type(one).objects.create(
        street=one.street,
        kind="social",
        name="云秀书画社",
        pinyin="yunxiu",
        created_at=at,
        moved_in_on=date(2026, 1, 1),
    )
    with pytest.raises(services.NotRated, match="2026 年还没有登记评定得分"):
        confirm(world, at, Choice(third.pk, 0, 3))
    rate(world, at, third, 90)
    with pytest.raises(services.NotHeard, match="先述职"):
        confirm(world, at, Choice(third.pk, 1, 5))
    rate(world, at, one, 95, shown=1, reason="党建复核", party=D(40))
    with pytest.raises(services.NoStarBelow):
        confirm(world, at, Choice(one.pk, 2, 3, "照顾"))
    assert confirm(world, at, Choice(one.pk, 2, 0))[0].serial is None
    other.members.create(user=world.here.people["leader"], duty="head", since=at)
    leader = type(world.here.people["leader"]).objects.get(pk=world.here.people["leader"].pk)
    with pytest.raises(services.OwnOrganization):
        confirm(world, at, Choice(other.pk, 1, 5), by=leader)


def test_corrected_marks_ask_for_another_word(world, at, rows):
    one = rows[0]
    confirm(world, at, Choice(one.pk, 1, 4))
    rate(world, at, one, 92, shown=1, reason="漏记活动")
    assert not rules.lines_for([one], 2026)[0].is_confirmed
    with pytest.raises(services.AgainReasonMissing):
        confirm(world, at, Choice(one.pk, 2, 5))
    second = confirm(world, at, Choice(one.pk, 2, 5, "得分更正"))[0]
    assert (second.number, second.serial) == (2, 2)
    rows = list(RatingConfirmation.objects.order_by("pk"))
    assert [holds for _, holds in rules.with_force(rows)] == [False, True]
    services.enter_standing(
        organization_id=one.pk, year=2026, hearing="qualified", held_on=date(2026, 11, 20), evidence="复核", stars=3, correction_reason="降星",
        by=world.here.people["office"], at=at,
    )  # fmt: skip
    assert [holds for _, holds in rules.with_force(rows)] == [False, False]


def test_certificates_as_page_and_word(world, at, rows):
    one, other = rows
    made = confirm(world, at, Choice(one.pk, 1, 4), Choice(other.pk, 1, 5))
    office, member = signed_in(world.here.people["office"]), signed_in(world.here.people["member"])
    page = office.get("/organizations/certificates/").content.decode()
    assert "甲街道社会组织星评〔2026〕第 1 号" in page
    assert "甲街道社会组织星评〔2026〕第 2 号" in page
    mine = member.get("/organizations/certificates/").content.decode()
    assert one.name in mine
    assert other.name not in mine
    url = f"/organizations/certificates/{made[0].pk}/"
    assert "四星级" in member.get(url).content.decode()
    files = [b"".join(member.get(f"{url}word/").streaming_content) for _ in range(2)]
    one.name = "改了名的社"
    one.save()
    files.append(b"".join(member.get(f"{url}word/").streaming_content))
    assert files[0] == files[1] == files[2]
    words = "\n".join(p.text for p in docx.Document(io.BytesIO(files[0])).paragraphs)
    assert "甲街道社会组织星评〔2026〕第 1 号" in words
    assert "评定你单位为四星级社会组织" in words
    for path in (url, f"{url}word/"):
        assert signed_in(world.here.people["other_member"]).get(path).status_code == 404
        assert signed_in(world.there.people["office"]).get(path).status_code == 404
    assert signed_in(world.here.people["community"]).get("/organizations/certificates/").status_code == 403


def test_the_page_of_confirmation(world, at, rows):
    one, other = rows
    leader = signed_in(world.here.people["leader"])
    url = "/organizations/rating/confirm/?year=2026"
    assert leader.get(url).content.decode().count("建议") >= 2
    sent = {
        f"o{one.pk}-stars": "4", f"o{one.pk}-reason": "", f"o{one.pk}-shown": "1", f"o{other.pk}-stars": "3", f"o{other.pk}-reason": "",
        f"o{other.pk}-shown": "1",
    }  # fmt: skip
    wrong = leader.post(url, sent)
    assert wrong.status_code == 409
    assert f"“{other.name}”的星级与建议不同" in wrong.content.decode()
    assert not RatingConfirmation.objects.exists()
    assert leader.post(url, sent | {f"o{one.pk}-stars": "9"}).status_code == 200
    assert leader.post(url, sent | {f"o{other.pk}-stars": ""}).status_code == 302
    assert RatingConfirmation.objects.get().organization == one
    assert "已确认" in leader.get(url).content.decode()
    assert leader.post(url, sent | {f"o{other.pk}-stars": ""}).status_code == 409
    assert Standing.objects.filter(organization=one).count() == 2
    assert signed_in(world.here.people["office"]).get(url).status_code == 403
    assert (
        "四星（已确认）"
        in signed_in(world.here.people["office"]).get("/organizations/rating/?year=2026").content.decode()
    )
