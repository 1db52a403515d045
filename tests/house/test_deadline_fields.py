"""A day or moment that a model keeps is a fact of the past, or a deadline that its app declares, or exempt with a sentence."""

import re

from django.apps import apps
from django.db import models

from core.deadlines import all_deadlines
from tests.house.test_world import STACK

# Names that say what has happened already: nobody waits for them.
PAST = re.compile(
    r"(\w+_)?(ed|made|sent|seen|paid|drawn|said|ran|read|beat|began|told)_at|at|\w+ed_on|since|last_login|device_at|stage_at|spent_on|paid_on|"
    r"minutes_on"
)
EXEMPT = {
    "accounts.Authenticator.begun_at": "开始绑定的时间",
    "accounts.Invitation.expires_at": "邀请链接自动失效，重发即可，不需要谁去办",
    "accounts.RoleGrant.granted_at": "已授予的时间",
    "delivery.Expense.spent_on": "已发生支出的日期",
    "judging.SeatPass.expires_at": "席位二维码几小时后自动失效，重发即可，不需要谁去办",
    "judging.Stage.paused_at": "大屏计时器的状态",
    "jobs.Job.expires_at": "下载中心自己显示文件保留到哪天，过后自动清理",
    "messaging.Notice.held_until": "暂缓发送，到时自动发出",
    "messaging.Mass.held_until": "暂缓发送，到时自动发出",
    "messaging.Delivery.not_before": "发件队列的时刻，到时自动发出",
    "messaging.Delivery.expires_at": "发件队列的时刻，过时自动作废",
    "messaging.Posting.not_before": "发件队列的时刻，到时自动发出",
    "messaging.Posting.expires_at": "发件队列的时刻，过时自动作废",
    "needs.Need.escalate_on": "到这一天系统自动上报并通知上一级，见 needs.services.sweep；要人办的是办理期限",
    "needs.NeedImport.done_at": "已确认导入的时间",
    "needs.Pledge.kept_at": "资源已兑现的时间",
    "needs.Resource.available_from": "资源可用的时段，只供挑选",
    "needs.Resource.available_until": "资源可用的时段，只供挑选",
    "needs.ServiceOrder.begun_at": "服务已开始的时间",
    "needs.ServiceOrder.done_at": "服务已完成的时间",
    "needs.ServiceOrder.service_from": "要等的是服务结束，见 needs.service",
    "organizations.HearingDue.report_at": "述职报告提交的时间",
    "organizations.Hearing.votes_until": "投票截止；谁投过不记名，不催个人，开始评议时已告诉全体",
    "organizations.Application.licence_until": "申请里照抄的证书日期；登记以后见 organizations.licence",
    "organizations.ChecklistItems.set_at": "清单项目定下的时间",
    "organizations.Invitation.expires_at": "邀请链接到时自动失效，重发即可，不需要谁去办",
    "organizations.Invitation.withdrawn_at": "已撤回邀请的时间",
    "organizations.SignUp.withdrawn_at": "已取消报名的时间",
    "organizations.ExitDecision.leaves_on": "退出通知里写明的日期，写给该单位看",
    "organizations.FormerMember.until": "已经离任的日期",
    "organizations.MonthlyItems.set_at": "积分项目定下的时间",
    "organizations.Organization.moved_in_on": "入驻的日期",
    "organizations.Organization.moved_out_on": "退出的日期",
    "organizations.RatingRule.set_at": "评星办法定下的时间",
    "organizations.Standing.held_on": "已经开过的述职会的日期",
    "funding.PublicNotice.starts_on": "公示开始与发布是同一个动作；要等的是公示结束",
    "projects.CommunityOpinion.given_at": "社区已出具意见的时间",
    "projects.Proposal.starts_on": "申报时的打算；签了协议以协议期限为准",
    "projects.Proposal.ends_on": "申报时的打算；签了协议以协议期限为准",
    "rounds.Round.asks_until": "提问到这一刻自动停止，不需要谁去办",
    "reminders.Reminder.deadline": "提醒记录里留存的截止时间，本身不再到期",
    "workdays.DayOverride.day": "工作日历里的一天",
    "projects.Activity.starts_on": "申报时的打算；立项后以活动计划为准",
    "projects.Activity.ends_on": "申报时的打算；立项后以活动计划为准",
}


def fields():
    """Every field of the house's own models that holds a day or a moment."""
    return {
        f"{model._meta.app_label}.{model.__name__}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in STACK
        for field in model._meta.get_fields()
        if isinstance(field, models.DateField)
    }


def is_past(label):
    name = label.rsplit(".", 1)[1]
    return PAST.fullmatch(name) is not None or re.fullmatch(r"\w*ed_at", name) is not None


def test_every_field_that_looks_like_a_deadline_is_declared_or_exempt():
    declared = {label for deadline in all_deadlines() for label in deadline.covers}
    waiting = {label for label in fields() if not is_past(label)}
    assert waiting - declared - set(EXEMPT) == set()


def test_what_is_declared_or_exempt_exists_and_is_only_one_of_both():
    declared = {label for deadline in all_deadlines() for label in deadline.covers}
    assert (declared | set(EXEMPT)) - fields() == set()
    assert declared & set(EXEMPT) == set()
    assert all(len(sentence) >= 5 for sentence in EXEMPT.values())


def test_names_of_the_past_are_told_from_those_of_the_future():
    assert [n for n in ("x.Y.closed_at", "x.Y.expires_at", "x.Y.due_on", "x.Y.held_until", "x.Y.sent_at", "x.Y.held_on") if is_past(n)] == [
        "x.Y.closed_at", "x.Y.sent_at",
    ]  # fmt: skip


def test_each_kind_is_declared_in_an_app_of_its_own_name():
    for deadline in all_deadlines():
        app = deadline.key.split(".")[0]
        assert app in STACK
        assert deadline.label
        assert len(deadline.key) <= 60
