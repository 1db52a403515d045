"""What a reminder says."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core.deadlines import midnight
from reminders.domain.words import MOST, Line, digest, when

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # noon of a Monday in Shanghai


def day_line(day, **more):
    return Line("补正截止", "邻里换物", "", midnight(day + timedelta(days=1)), False, "/x/", **more)


def moment_line(hours, **more):
    return Line("补正截止", "邻里换物", "第一期", AT + timedelta(hours=hours), True, "/x/", **more)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (day_line(date(2026, 11, 26)), "还有 3 天（11月26日）"),
        (day_line(date(2026, 11, 24)), "明天（11月24日）"),
        (day_line(date(2026, 11, 23)), "今天"),
        (day_line(date(2026, 11, 22)), "已逾期 1 个工作日（应于 11月22日）"),
        (day_line(date(2026, 11, 20)), "已逾期 1 个工作日（应于 11月20日）"),
        (day_line(date(2026, 11, 18)), "已逾期 3 个工作日（应于 11月18日）"),
        (moment_line(5), "今天 17:00 前"),
        (moment_line(29), "明天 17:00 前（11月24日 17:00）"),
        (moment_line(53), "还有 2 天（11月25日 17:00）"),
        (moment_line(0), "已逾期（应于 11月23日 12:00）"),
    ],
)
def test_when(line, words):
    assert when(line, AT, {}) == words


def test_one_thing_speaks_for_itself_and_several_are_counted():
    assert digest([moment_line(5)], AT, {}) == (
        "期限提醒：补正截止 邻里换物",
        "补正截止：邻里换物（第一期），今天 17:00 前。",
    )
    subject, body = digest(
        [day_line(date(2026, 11, 18)), moment_line(5), day_line(date(2026, 11, 10), is_above=True)], AT, {}
    )
    assert subject == "期限提醒：1 件快到期，1 件已逾期，1 件要督办"
    assert body.splitlines() == [
        "请您办理：",
        "1. 补正截止：邻里换物，已逾期 3 个工作日（应于 11月18日）",
        "2. 补正截止：邻里换物（第一期），今天 17:00 前",
        "下面的事项逾期未办，请督办：",
        "3. 补正截止：邻里换物，已逾期 9 个工作日（应于 11月10日）",
    ]


def test_a_flood_is_cut():
    _, body = digest([moment_line(5)] * (MOST + 7), AT, {})
    assert body.splitlines()[-1] == "另有 7 件，请打开日历查看。"
