"""述职评议: the arithmetic, secret ballots once each, counts by two persons, classes that stand, corrections."""

import io
import threading
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import docx
import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NotAllowed
from messaging.models import Notice
from organizations import rules, services
from organizations.domain.hearing import CLASSES, COUNTED, DEFAULT, GROUPS, OPTIONS, outcome
from organizations.models import HearingBallot, HearingCode, HearingCount, HearingResult, HearingVoter, Standing
from tests.judging.make import signed_in
from tests.organizations import hearings as make

D = Decimal
VOTES = st.fixed_dictionaries(dict.fromkeys(OPTIONS, st.integers(0, 40)))
TALLY = st.fixed_dictionaries(dict.fromkeys(GROUPS, VOTES))
RANK = ["failed", "basic", "qualified", "excellent"]


def tally(community=(0, 0, 0, 0), residents=(0, 0, 0, 0)):
    return {
        "community": dict(zip(OPTIONS, community, strict=True)),
        "residents": dict(zip(OPTIONS, residents, strict=True)),
    }


@pytest.mark.parametrize(
    ("community", "residents", "score", "found"),
    [
        ((1, 0, 0, 0), (5, 0, 0, 0), "100.00", "excellent"), ((1, 1, 0, 0), (5, 5, 0, 0), "90.00", "excellent"),
        ((0, 1, 0, 9), (2, 3, 0, 0), "84.00", "qualified"), ((1, 1, 1, 0), (4, 1, 1, 0), "70.00", "basic"),
        ((0, 0, 1, 0), (5, 0, 0, 0), "50.00", "failed"), ((3, 0, 0, 0), (4, 2, 1, 0), "90.00", "excellent"),
        ((2, 1, 0, 0), (2, 1, 3, 0), "70.00", "basic"),
    ],
)  # fmt: skip
def test_the_score_and_the_class(community, residents, score, found):
    result = outcome(DEFAULT, tally(community, residents))
    assert (result.score, result.hearing, result.short) == (D(score), found, ())


def test_thirds_are_rounded_once_and_the_class_is_read_from_what_is_shown():
    rule = replace(DEFAULT, lines={"excellent": D("96.67"), "qualified": D(75), "basic": D(60)})
    votes = tally((1, 1, 0, 0), (6, 0, 0, 0))  # 90 and 100: 95
    assert outcome(rule, votes).hearing == "qualified"
    thirds = tally((2, 1, 0, 0), (6, 0, 0, 0))  # 93.333… and 100: 96.666… is shown as 96.67
    assert (outcome(rule, thirds).score, outcome(rule, thirds).hearing) == (D("96.67"), "excellent")


def test_too_few_counted_ballots_give_no_class():
    assert outcome(DEFAULT, tally((1, 0, 0, 0), (4, 0, 0, 9))).short == ("residents",)
    assert outcome(DEFAULT, tally((0, 0, 0, 3), (5, 0, 0, 0))).short == ("community",)
    alone = replace(DEFAULT, weights={"community": 0, "residents": 100})
    assert outcome(alone, tally((0, 0, 0, 0), (5, 0, 0, 0))).hearing == "excellent"


@given(TALLY)
def test_the_score_is_the_exact_weighted_mean(votes):
    found = outcome(DEFAULT, votes)
    if found.score is None:
        assert found.short
        assert found.hearing == ""
        return
    means = [
        Fraction(sum(int(DEFAULT.points[o]) * votes[g][o] for o in COUNTED), sum(votes[g][o] for o in COUNTED))
        for g in GROUPS
    ]
    exact = sum(means, Fraction(0)) / 2
    assert abs(Fraction(found.score) - exact) <= Fraction(1, 200)
    assert found.hearing == next((c for c in CLASSES if found.score >= DEFAULT.lines[c]), "failed")


@given(TALLY, st.sampled_from(sorted(GROUPS)))
def test_one_more_satisfied_ballot_never_lowers_the_class(votes, group):
    before = outcome(DEFAULT, votes)
    more = {g: dict(v) for g, v in votes.items()}
    more[group]["good"] += 1
    after = outcome(DEFAULT, more)
    if before.hearing:
        assert RANK.index(after.hearing) >= RANK.index(before.hearing)


def test_a_rule_that_cannot_be_read_is_refused():
    for changed, words in (
        ({"weights": {"community": 60, "residents": 50}}, "合计应为 100，现为 110"), ({"points": {"good": D(80), "fair": D(80), "bad": D(0)}}, "从高到低"),
        ({"lines": {"excellent": D(70), "qualified": D(75), "basic": D(60)}}, "等次分数线"), ({"least": {"community": 0, "residents": 5}}, "最少票数"),
    ):  # fmt: skip
        assert words in replace(DEFAULT, **changed).faults()[0]
    assert DEFAULT.faults() == []


def test_only_the_office_plans_and_only_what_can_be_held(world, at):
    for person in (world.here.people["leader"], world.here.people["community"], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            make.planned(world, at, by=person)
    for changed, refusal in (
        ({"year": 2027}, services.HearingYearBad), ({"votes_until": at}, services.HearingDaysBad),
        ({"held_on": at.date() + timedelta(days=5)}, services.HearingDaysBad),
        ({"rule": replace(DEFAULT, weights={"community": 1, "residents": 1})}, services.BadHearingRule),
    ):  # fmt: skip
        with pytest.raises(refusal):
            make.planned(world, at, **changed)
    row = make.planned(world, at)
    assert row.dues.count() == 2
    told = set(Notice.objects.filter(subject__startswith="请写述职报告").values_list("recipient", flat=True))
    assert told == {world.here.people["member"].pk, world.here.people["other_member"].pk}
    with pytest.raises(services.HearingTitleKnown):
        make.planned(world, at)
    second = make.planned(world, at, title="第二场")
    assert not second.dues.exists()
    with pytest.raises(services.NobodyDue):
        services.open_hearing(hearing_id=second.pk, by=world.here.people["office"], at=at)
    residents = make.planned(world, at, title="去年", year=2025, scope="residents")
    assert not residents.dues.exists()


def test_the_list_changes_until_ballots_are_open(world, at):
    office, row = world.here.people["office"], make.planned(world, at)
    due = row.dues.get(organization=world.here.other_organization)
    with pytest.raises(NotAllowed):
        services.remove_due(due_id=due.pk, by=world.there.people["office"], at=at)
    services.remove_due(due_id=due.pk, by=office, at=at)
    facts = {"hearing_id": row.pk, "by": office, "at": at}
    with pytest.raises(services.NoSuchOrganization):
        services.add_due(name=world.there.organization.name, **facts)
    services.add_due(name=f" {world.here.other_organization.name} ", **facts)
    with pytest.raises(services.DueAlready):
        services.add_due(name=world.here.other_organization.name, **facts)
    services.open_hearing(**facts)
    with pytest.raises(services.HearingMoved):
        services.open_hearing(**facts)
    with pytest.raises(services.HearingMoved):
        services.add_due(name=world.here.other_organization.name, **facts)
    with pytest.raises(services.HearingMoved):
        services.remove_due(due_id=row.dues.first().pk, by=office, at=at)
    told = set(Notice.objects.filter(subject__startswith="请评议").values_list("recipient", flat=True))
    assert told == {world.here.people["community"].pk}


def test_the_organization_reports_until_ballots_are_open(world, at):
    row = make.planned(world, at)
    due = row.dues.get(organization=world.here.organization)
    for person in (world.here.people["office"], world.here.people["other_member"], world.there.people["member"]):
        with pytest.raises(NotAllowed):
            services.write_report(due_id=due.pk, words="做了", by=person, at=at)
    member = world.here.people["member"]
    with pytest.raises(services.ReportMissing):
        services.write_report(due_id=due.pk, words=" ", by=member, at=at)
    services.write_report(due_id=due.pk, words="办了十场活动。", by=member, at=at)
    services.open_hearing(hearing_id=row.pk, by=world.here.people["office"], at=at)
    with pytest.raises(services.HearingMoved):
        services.write_report(due_id=due.pk, words="改", by=member, at=at)
    due.refresh_from_db()
    assert due.report == "办了十场活动。"


def test_a_worker_votes_once_and_her_ballot_does_not_name_her(world, at):
    row, clerk = make.opened(world, at), world.here.people["community"]
    marks = make.marks(row)
    for person in (world.here.people["office"], world.here.people["grid"], world.there.people["community"]):
        with pytest.raises(NotAllowed):
            services.vote(hearing_id=row.pk, marks=marks, by=person, at=at)
    one = next(iter(marks))
    for wrong in ({one: "good"}, marks | {one: "best"}, marks | {0: "good"}):
        with pytest.raises(services.BallotBad):
            services.vote(hearing_id=row.pk, marks=wrong, by=clerk, at=at)
    with pytest.raises(services.BallotsClosed):
        services.vote(hearing_id=row.pk, marks=marks, by=clerk, at=row.votes_until)
    assert not HearingBallot.objects.exists()
    assert not HearingVoter.objects.exists()
    services.vote(hearing_id=row.pk, marks=marks, by=clerk, at=at)
    with pytest.raises(services.AlreadyVoted):
        services.vote(hearing_id=row.pk, marks=make.marks(row, "bad"), by=clerk, at=at)
    ballot = HearingBallot.objects.get()
    assert ballot.marks == {str(pk): "good" for pk in marks}
    assert {f.name for f in HearingBallot._meta.fields} == {"id", "hearing", "group", "marks"}
    assert {f.name for f in HearingVoter._meta.fields} == {"id", "hearing", "user"}
    with pytest.raises(DatabaseError), transaction.atomic():
        HearingBallot.objects.update(marks={})
    with pytest.raises(DatabaseError), transaction.atomic():
        HearingVoter.objects.all().delete()


def test_nobody_votes_on_her_own_organization_and_each_community_on_its_own(world, at):
    here = world.here
    here.organization.community, here.other_organization.community = here.communities
    here.organization.save()
    here.other_organization.save()
    row = make.opened(world, at)
    asked = rules.ballot_of(here.people["community"], row)
    assert [d.organization for d in asked] == [here.organization]
    here.organization.members.create(user=here.people["community"], duty="clerk", since=at)
    fresh = type(here.people["community"]).objects.get(pk=here.people["community"].pk)
    assert rules.ballot_of(fresh, row) == []
    with pytest.raises(services.NothingToVote):
        services.vote(hearing_id=row.pk, marks={}, by=fresh, at=at)
    assert not HearingVoter.objects.exists()


def test_a_code_is_one_ballot_and_is_kept_sealed(world, at):
    row = make.opened(world, at)
    for person in (world.here.people["host"], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            services.print_hearing_codes(
                hearing_id=row.pk, community=world.here.communities[0], count=1, by=person, at=at
            )
    with pytest.raises(NotAllowed):
        services.print_hearing_codes(
            hearing_id=row.pk, community=world.there.communities[0], count=1, by=world.here.people["office"], at=at
        )
    code = make.codes(world, row, at, 1)[0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, digest FROM organizations_hearingcode")
        kept = cursor.fetchone()
    assert code.code not in "".join(kept)
    assert rules.hearing_code(f" {code.code.lower()} ").pk == code.pk
    assert rules.hearing_code("ABCDEFGHJK") is None
    with pytest.raises(services.BallotBad):
        services.vote_by_code(code_id=code.pk, marks={}, at=at)
    with pytest.raises(services.BallotsClosed):
        services.vote_by_code(code_id=code.pk, marks=make.marks(row), at=row.votes_until)
    code.refresh_from_db()
    assert not code.is_used
    services.vote_by_code(code_id=code.pk, marks=make.marks(row), at=at)
    with pytest.raises(services.CodeUsed):
        services.vote_by_code(code_id=code.pk, marks=make.marks(row), at=at)
    assert HearingBallot.objects.count() == 1
    with pytest.raises(services.TooManyCodes, match=r"最多 500 个评议码，已有 1 个"):
        make.codes(world, row, at, 500)


def count(world, row, at, by="office", papers=6, good=4, fair=1, bad=1, community=0):
    votes = {pk: {"good": good, "fair": fair, "bad": bad} for pk in row.dues.values_list("pk", flat=True)}
    return services.enter_count(
        hearing_id=row.pk, community=world.here.communities[community], papers=papers, votes=votes, by=world.here.people[by], at=at
    )  # fmt: skip


def test_paper_ballots_count_once_two_persons_typed_the_same(world, at):
    row = make.planned(world, at)
    with pytest.raises(services.HearingMoved):
        count(world, row, at)
    services.open_hearing(hearing_id=row.pk, by=world.here.people["office"], at=at)
    for person in ("leader", "community", "member"):
        with pytest.raises(NotAllowed):
            count(world, row, at, by=person)
    for wrong, refusal in (
        ({"papers": 0}, services.PapersBad),
        ({"papers": 5}, services.CountBad),
        ({"good": -1}, services.CountBad),
    ):
        with pytest.raises(refusal):
            count(world, row, at, **wrong)
    count(world, row, at)
    with pytest.raises(services.CountSame):
        count(world, row, at)
    services.vote(hearing_id=row.pk, marks=make.marks(row), by=world.here.people["community"], at=at)
    with pytest.raises(services.CountsDiffer, match="溡源社区的现场票"):
        services.close_hearing(hearing_id=row.pk, by=world.here.people["office"], at=at)
    count(world, row, at, by="host", good=3)
    with pytest.raises(services.CountsDiffer):
        services.close_hearing(hearing_id=row.pk, by=world.here.people["office"], at=at)
    count(world, row, at, by="host")
    assert HearingCount.objects.count() == 3
    services.close_hearing(hearing_id=row.pk, by=world.here.people["office"], at=at)
    result = HearingResult.objects.filter(due__organization=world.here.organization).get()
    assert result.tally["residents"] == {"good": 4, "fair": 1, "bad": 1, "unknown": 0}
    assert (result.score, result.hearing_class) == (D("90.00"), "excellent")


def test_closing_gives_each_organization_its_class_of_the_year(world, at):
    row = make.opened(world, at, held_on=at.date() + timedelta(days=1))
    make.voted(world, row, at, residents=("good", "good", "good", "fair", "bad"))
    for person in (world.here.people["leader"], world.here.people["host"], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            services.close_hearing(hearing_id=row.pk, by=person, at=at)
    with pytest.raises(services.HearingDayAhead):
        services.close_hearing(hearing_id=row.pk, by=world.here.people["office"], at=at)
    later = at + timedelta(days=1)
    services.close_hearing(hearing_id=row.pk, by=world.here.people["office"], at=later)
    with pytest.raises(services.HearingMoved):
        services.close_hearing(hearing_id=row.pk, by=world.here.people["office"], at=later)
    found = rules.standings_in(2026, [world.here.organization.pk, world.here.other_organization.pk])
    assert [(s.hearing, s.stars, s.number) for s in found.values()] == [("qualified", 0, 1), ("qualified", 0, 1)]
    assert found[world.here.organization.pk].evidence == "述职评议：社区有效票 1 张，居民有效票 5 张，得分 88.00"
    told = set(Notice.objects.filter(subject__startswith="评议结果").values_list("recipient", flat=True))
    assert told == {world.here.people["member"].pk, world.here.people["other_member"].pk}
    with pytest.raises(services.BallotsClosed):
        services.vote_by_code(code_id=HearingCode.objects.first().pk, marks=make.marks(row), at=later)


def test_too_few_ballots_leave_the_class_to_a_hand_entry(world, at):
    row = make.closed(world, at, residents=("good",) * 4)
    assert not Standing.objects.exists()
    assert {r.hearing_class for r in HearingResult.objects.all()} == {""}
    facts = {"year": 2026, "held_on": row.held_on, "evidence": "会议记录", "stars": 0, "at": at}
    services.enter_standing(
        organization_id=world.here.organization.pk, hearing="qualified", by=world.here.people["office"], **facts
    )
    assert Standing.objects.get().hearing == "qualified"


def test_a_correction_is_a_new_version_by_the_same_rule(world, at):
    row, office = make.closed(world, at), world.here.people["office"]
    due = row.dues.get(organization=world.here.organization)
    before = due.results.get()
    assert before.hearing_class == "excellent"
    services.comment_standing(
        standing_id=Standing.objects.get(organization=due.organization).pk, words="谢谢居民", by=world.here.people["member"], at=at
    )  # fmt: skip
    facts = {"due_id": due.pk, "shown": 1, "reason": "三张票误读", "by": office, "at": at}
    votes = tally((1, 0, 0, 0), (2, 0, 3, 0))
    for changed, refusal in (
        ({"tally": votes, "by": world.here.people["leader"]}, NotAllowed), ({"tally": votes, "by": world.there.people["office"]}, NotAllowed),
        ({"tally": votes, "shown": 0}, services.ResultMoved), ({"tally": votes, "reason": " "}, services.ResultReasonMissing),
        ({"tally": tally((1, 0, 0, 0), (-1, 0, 0, 0))}, services.TallyBad), ({"tally": before.tally}, services.ResultSame),
        ({"tally": tally((1, 0, 0, 0), (4, 0, 0, 1))}, services.TallyShort),
    ):  # fmt: skip
        with pytest.raises(refusal):
            services.correct_result(**facts | changed)
    assert services.correct_result(tally=votes, **facts).score == D("70.00")
    found = rules.standings_in(2026, [due.organization_id])[due.organization_id]
    assert (found.hearing, found.number, found.correction_reason) == ("basic", 2, "三张票误读")
    assert [one.words for one in found.said] == ["谢谢居民"]
    hand = {
        "organization_id": due.organization_id,
        "year": 2026,
        "held_on": row.held_on,
        "evidence": "记录",
        "by": office,
        "at": at,
    }
    with pytest.raises(services.ClassFromBallots, match="为“基本合格”"):
        services.enter_standing(hearing="excellent", stars=0, correction_reason="改", **hand)
    services.enter_standing(hearing="basic", stars=3, correction_reason="补星级", **hand)
    with pytest.raises(DatabaseError), transaction.atomic():
        HearingResult.objects.update(hearing_class="excellent")


def test_stars_that_were_known_stay(world, at):
    services.enter_standing(
        organization_id=world.here.organization.pk, year=2026, hearing="basic", held_on=date(2026, 1, 20), evidence="记录", stars=4,
        by=world.here.people["office"], at=at,
    )  # fmt: skip
    make.closed(world, at)
    found = rules.newest_versions(2026, [world.here.organization.pk])[world.here.organization.pk]
    assert (found.hearing, found.stars, found.number) == ("excellent", 4, 2)


@pytest.mark.django_db(transaction=True)
def test_the_same_code_sent_twice_at_once_is_one_ballot(world, at):
    row = make.opened(world, at)
    code, marks = make.codes(world, row, at, 1)[0], make.marks(row)
    answers = []

    def send():
        try:
            services.vote_by_code(code_id=code.pk, marks=marks, at=at)
        except services.CodeUsed:
            answers.append("used")
        else:
            answers.append("kept")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(answers) == ["kept", "used", "used", "used"]
    assert HearingBallot.objects.count() == 1


@pytest.fixture
def still(at, monkeypatch):
    monkeypatch.setattr("core.clock.now", lambda: at)


RULE = {
    "weight_community": "50", "weight_residents": "50", "points_good": "100", "points_fair": "80", "points_bad": "0", "line_excellent": "90",
    "line_qualified": "75", "line_basic": "60", "least_community": "1", "least_residents": "5",
}  # fmt: skip


def test_pages_of_the_office(world, at, still):
    office = signed_in(world.here.people["office"])
    sent = RULE | {
        "year": "2026", "title": "年末述职", "scope": "all", "held_on": "2026-11-23", "venue": "", "votes_until": "2026-11-25 17:00"
    }  # fmt: skip
    new = "/organizations/hearings/new/"
    assert "述职评议" in office.get(new).content.decode()
    wrong = office.post(new, sent | {"votes_until": "2026-11-20 17:00", "venue": "二楼会议室"})
    assert wrong.context["form"].errors == {"votes_until": ["评议截止时间应晚于现在，不早于述职日期。"]}
    assert "二楼会议室" in wrong.content.decode()
    assert "合计应为 100" in office.post(new, sent | {"weight_community": "60"}).content.decode()
    assert list(office.post(new, sent | {"line_basic": "许多", "least_residents": "0"}).context["form"].errors) == [
        "line_basic",
        "least_residents",
    ]
    url = office.post(new, sent)["Location"]
    assert list(office.post(new, sent).context["form"].errors) == ["title"]
    page = office.get(url).content.decode()
    assert "云秀社区" in page
    assert "年末述职" in office.get("/organizations/hearings/").content.decode()
    edit = {k: v for k, v in sent.items() if k not in ("year", "scope")}
    assert office.post(f"{url}edit/", edit | {"title": "述职会"}).status_code == 302
    assert "没有叫“某社”的组织" in office.post(f"{url}dues/", {"name": "某社"}).content.decode()
    assert office.post(f"{url}dues/", {"name": ""}).status_code == 400
    due = rules.visible_hearings(world.here.people["office"]).get().dues.order_by("pk").last()
    assert office.post(f"{url}dues/", {"due": due.pk}).status_code == 302
    assert office.post(f"{url}dues/", {"name": due.organization.name}).status_code == 302
    assert office.post(f"{url}dues/", {"due": "0"}).status_code == 404
    assert office.post(f"{url}move/", {"act": "dance"}).status_code == 400
    assert office.post(f"{url}move/", {"act": "open"}).status_code == 302
    assert "是“正在评议”，不能开始评议" in office.post(f"{url}move/", {"act": "open"}, follow=True).content.decode()
    assert "不能修改" in office.post(f"{url}edit/", edit).content.decode()
    codes = f"{url}codes/{world.here.communities[0].pk}/"
    assert list(office.post(codes, {"count": "501"}).context["form"].errors) == ["count"]
    assert office.post(codes, {"count": "2"}).status_code == 302
    printed = office.get(codes).content.decode()
    assert all(c.code in printed for c in HearingCode.objects.all())
    assert office.get(f"{url}codes/{world.there.communities[0].pk}/").status_code == 404
    paper = [b"".join(office.get(f"{url}paper/{world.here.communities[0].pk}/").streaming_content) for _ in range(2)]
    assert paper[0] == paper[1]
    cells = [c.text for row in docx.Document(io.BytesIO(paper[0])).tables[0].rows for c in row.cells]
    assert world.here.organization.name in cells
    for stranger in (world.there.people["office"], world.there.people["community"]):
        assert signed_in(stranger).get(url).status_code == 404
    for other in ("leader", "supervisor", "host", "community"):
        assert signed_in(world.here.people[other]).get(url).status_code == 200
        assert signed_in(world.here.people[other]).get(codes).status_code == 403


def test_counts_are_typed_without_seeing_the_others(world, at, still):
    row = make.opened(world, at)
    office, host = signed_in(world.here.people["office"]), signed_in(world.here.people["host"])
    url = f"/organizations/hearings/{row.pk}/counts/{world.here.communities[0].pk}/"
    sent = {"papers": "6"} | {
        f"votes_{pk}_{o}": str(n) for pk in make.marks(row) for o, n in zip(COUNTED, (4, 1, 1), strict=True)
    }
    first = next(iter(make.marks(row)))
    wrong = office.post(url, sent | {f"votes_{first}_good": "5"})
    assert wrong.context["form"].errors == {f"votes_{first}_good": ["各项合计超过收回票数 6。"]}
    assert "应为 0 至 100000 的整数" in office.post(url, sent | {f"votes_{first}_bad": "-1"}).content.decode()
    assert office.post(url, sent).status_code == 302
    assert "与您上次录入的一样" in office.post(url, sent).content.decode()
    seen = host.get(url)
    assert 'value="4"' not in seen.content.decode()
    assert "不一致" in host.post(url, sent | {f"votes_{first}_good": "3"}, follow=True).content.decode()
    assert "两人录入一致" in host.post(url, sent, follow=True).content.decode()
    assert signed_in(world.here.people["leader"]).get(url).status_code == 403
    services.vote(hearing_id=row.pk, marks=make.marks(row), by=world.here.people["community"], at=at)
    services.close_hearing(hearing_id=row.pk, by=world.here.people["office"], at=at)
    assert host.post(url, sent).status_code == 409


def test_pages_of_voters(world, at, still):
    row = make.opened(world, at)
    clerk, visitor = signed_in(world.here.people["community"]), Client()
    url = f"/organizations/hearings/{row.pk}/ballot/"
    sent = {f"mark_{pk}": "good" for pk in make.marks(row)}
    partly = dict(list(sent.items())[:1])
    wrong = clerk.post(url, partly)
    assert "不清楚的选“不了解”" in wrong.content.decode()
    assert "checked" in wrong.content.decode()
    assert clerk.post(url, sent).status_code == 302
    assert "已经投过" in clerk.get(url).content.decode()
    assert clerk.post(url, sent).status_code == 409
    assert signed_in(world.here.people["office"]).get(url).status_code == 403
    assert signed_in(world.here.people["member"]).get(url).status_code == 403
    code = make.codes(world, row, at, 1)[0].code
    entry = "/organizations/ballot/"
    assert "没有这个评议码" in visitor.post(entry, {"code": "ABCDEFGHJK"}).content.decode()
    there = visitor.post(entry, {"code": f"{code[:5]} {code[5:]}".lower()})
    assert there["Location"] == f"{entry}{code}/"
    page = visitor.get(there["Location"])
    assert page["X-Robots-Tag"] == "noindex"
    assert visitor.post(there["Location"], sent | partly).status_code == 302
    assert "已经投过" in visitor.get(there["Location"]).content.decode()
    assert visitor.post(there["Location"], sent).status_code == 409
    assert visitor.get(f"{entry}ABCDEFGHJK/").status_code == 404
    assert HearingBallot.objects.count() == 2


def test_pages_of_the_organization_and_of_a_correction(world, at, still):
    row = make.planned(world, at)
    due = row.dues.get(organization=world.here.organization)
    other = row.dues.get(organization=world.here.other_organization)
    member, office = signed_in(world.here.people["member"]), signed_in(world.here.people["office"])
    home = f"/organizations/hearings/{row.pk}/"
    url = f"{home}dues/{due.pk}/"
    shown = member.get(home).content.decode()
    assert world.here.organization.name in shown
    assert world.here.other_organization.name not in shown
    assert member.get(f"{home}dues/{other.pk}/").status_code == 404
    assert list(member.post(url, {"words": ""}).context["form"].errors) == ["words"]
    assert member.post(url, {"words": "办了十场活动。"}).status_code == 302
    assert "办了十场活动" in office.get(url).content.decode()
    assert office.post(url, {"words": "改"}).status_code == 409
    services.open_hearing(hearing_id=row.pk, by=world.here.people["office"], at=at)
    late = member.post(url, {"words": "再改"})
    assert late.status_code == 409
    assert "再改" in late.content.decode()
    make.voted(world, row, at)
    services.close_hearing(hearing_id=row.pk, by=world.here.people["office"], at=at)
    assert "优秀" in member.get(url).content.decode()
    sent = {"shown": "1", "reason": ""} | {
        f"votes_{g}_{o}": str(n) for g, o, n in (
            ("community", "good", 1), ("community", "fair", 0), ("community", "bad", 0), ("community", "unknown", 0),
            ("residents", "good", 2), ("residents", "fair", 0), ("residents", "bad", 3), ("residents", "unknown", 0),
        )
    }  # fmt: skip
    assert list(office.post(url, sent).context["form"].errors) == ["reason"]
    assert office.post(url, sent | {"reason": "误读三张"}).status_code == 302
    assert "刚刚被别人更正过" in office.post(url, sent | {"reason": "误读三张"}).content.decode()
    assert "第 1 版，已更正" in member.get(url).content.decode()
    assert signed_in(world.here.people["leader"]).post(url, sent).status_code == 403
    assert signed_in(world.there.people["member"]).get(url).status_code == 404
