"""Messages of this app."""

from datetime import timedelta

from messaging.kinds import Kind, register

APPLIED = register(Kind("organizations.applied", "组织登记申请", useful=timedelta(days=30)))
SHEET = register(Kind("organizations.sheet", "月积分登记", useful=timedelta(days=30)))
RED = register(Kind("organizations.red", "月积分红牌", useful=timedelta(days=60)))
ACCOUNT = register(
    Kind("organizations.account", "收款账户登记和变更", is_required=True, is_urgent=True, useful=timedelta(days=30))
)
CHECKLIST = register(Kind("organizations.checklist", "党建清单", useful=timedelta(days=30)))
TRAINING = register(Kind("organizations.training", "培训通知", useful=timedelta(days=30)))
MEMBER = register(Kind("organizations.member", "成员加入", useful=timedelta(days=30)))
HEARING = register(Kind("organizations.hearing", "述职评议", useful=timedelta(days=30)))
APPEAL = register(Kind("organizations.appeal", "月积分申诉", useful=timedelta(days=30)))
