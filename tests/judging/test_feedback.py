"""What losers (and winners) are told after publication: means beside those of all, comments merged, no judge told apart."""

from datetime import timedelta
from decimal import Decimal

import pytest

from judging import services
from judging.feedback import feedback
from judging.models import Entry, Judge, ScoreSheet
from judging.services.stage import set_pace
from tests.judging.make import lock, make_session, publish, signed_in

KEYS = ("judge", "second_judge", "third_judge")
WORDS = {"judge": "预算偏高", "second_judge": "活动太少", "third_judge": "安排周到"}


@pytest.fixture
def scored(world, at):
    """A function: a session of `entries` projects, each scored by `judges` of the three, locked."""

    def make(entries=3, judges=3, **pace):
        office = world.here.people["office"]
        session = make_session(world, at, entries=entries)
        set_pace(session_id=session.pk, is_paced=False, opens_after=1, by=office, at=at, **pace)
        services.commit_draw(session_id=session.pk, by=office, at=at)
        services.draw_order(session_id=session.pk, public_number="1", witnesses="x", by=office, at=at)
        services.open_scoring(session_id=session.pk, by=office, at=at)
        session.refresh_from_db()
        for number, entry in enumerate(session.entries.order_by("pk")):
            for seat, key in enumerate(KEYS[:judges]):
                marks = {c["key"]: str(Decimal((number + 1) * (seat + 1)) / 2) for c in session.rule["criteria"]}
                services.save_sheet(
                    entry_id=entry.pk, judge=world.here.people[key], marks=marks, comment=WORDS[key], submit=True, at=at,
                    request=services.Request(client_id=f"{key}{number}"),
                )  # fmt: skip
        lock(world, session, at)
        session.refresh_from_db()
        return session

    return make


def text_of(client, url):
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def applicant(entry):
    return signed_in(entry.proposal.organization.members.get().user)


def url_of(entry):
    return f"/sessions/{entry.session_id}/why/{entry.pk}/"


def first(session):
    return Entry.objects.filter(session=session).order_by("pk").first()


def test_nothing_before_publication(world, at, scored):
    entry = first(scored())
    assert applicant(entry).get(url_of(entry)).status_code == 404


def test_the_mean_of_each_criterion_stands_beside_that_of_all(world, at, scored, django_assert_num_queries):
    session = scored()
    entry = first(session)
    with django_assert_num_queries(1):
        told = feedback(entry, session, is_applicant=True)
    assert [(c["label"], c["max"]) for c in session.rule["criteria"]] == [row[:2] for row in told.rows]
    # marks 0.5 1 1.5, 1 2 3, 1.5 3 4.5
    assert {row[2:] for row in told.rows} == {(Decimal("1.00"), Decimal("2.00"))}
    publish(world, session, at + timedelta(hours=1))
    page = text_of(applicant(entry), url_of(entry))
    assert ("全部项目平均分" in page, "1.00" in page, "2.00" in page) == (True, True, True)


def test_comments_are_merged_without_names_in_the_order_of_their_words(world, at, scored):
    session = scored()
    entry = first(session)
    told = feedback(entry, session, is_applicant=True)
    assert told.comments == ["安排周到", "活动太少", "预算偏高"] == sorted(WORDS.values())
    publish(world, session, at + timedelta(hours=1))
    page = text_of(applicant(entry), url_of(entry))
    assert [page.count(words) for words in WORDS.values()] == [1, 1, 1]
    assert not any(j.user.display_name in page for j in Judge.objects.filter(session=session).select_related("user"))


def test_the_order_does_not_follow_seats_or_time(world, at, scored):
    session = scored()
    entry = first(session)
    before = feedback(entry, session, is_applicant=True).comments
    seats = list(ScoreSheet.objects.filter(entry=entry).order_by("judge__seat").values_list("comment", flat=True))
    times = list(
        ScoreSheet.objects.filter(entry=entry).order_by("submitted_at", "pk").values_list("comment", flat=True)
    )
    assert before not in (seats, times)


@pytest.mark.parametrize("named", [False, True])
def test_of_fewer_than_three_sheets_no_judge_can_be_told_apart(world, at, scored, named):
    session = scored(judges=2, names_public=named)
    entry = first(session)
    publish(world, session, at + timedelta(hours=1))
    page = text_of(applicant(entry), url_of(entry))
    assert "有效评分表不足 3 张" in page
    for word in (*WORDS.values(), "本项目平均分", *(world.here.people[k].display_name for k in KEYS)):
        assert word not in page, word
    office = text_of(signed_in(world.here.people["office"]), url_of(entry))
    assert ("活动太少" in office, "预算偏高" in office) == (True, True)


def test_of_two_projects_the_rival_is_not_worked_out(world, at, scored):
    session = scored(entries=2)
    told = feedback(first(session), session, is_applicant=True)
    assert {row[3] for row in told.rows} == {None}


def test_a_session_may_keep_it_back(world, at, scored):
    session = scored(feedback=False)
    entry = first(session)
    publish(world, session, at + timedelta(hours=1))
    page = text_of(applicant(entry), url_of(entry))
    assert ("本场评审会不公开" in page, "最后得分" in page) == (True, True)
    assert not any(words in page for words in (*WORDS.values(), "本项目平均分"))


def test_the_setting_is_on_the_page_and_fixed_once_scoring_is_open(world, at, scored):
    session = make_session(world, at)
    office = signed_in(world.here.people["office"])
    url = f"/sessions/{session.pk}/setup/"
    assert office.get(url).context["pace"]["feedback"].value() is True
    office.post(url, {"part": "pace", "opens_after": "1"})
    session.refresh_from_db()
    assert session.notes["feedback"] is False
    assert office.get(url).context["pace"]["feedback"].value() is False


def test_another_applicant_reads_only_her_own(world, at, scored):
    session = scored()
    mine, other = Entry.objects.filter(session=session).order_by("pk")[:2]
    publish(world, session, at + timedelta(hours=1))
    assert applicant(mine).get(url_of(other)).status_code == 404
    assert signed_in(world.there.people["office"]).get(url_of(mine)).status_code == 404
