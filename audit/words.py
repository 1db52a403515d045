"""What each act is called in Chinese."""

from django.apps import apps

VERBS: dict[str, str] = {
    "accounts.added": "新建账号",
    "accounts.enabled": "启用账号",
    "accounts.disabled": "停用账号",
    "accounts.role_granted": "授予角色",
    "accounts.role_revoked": "收回角色",
    "accounts.signed_in": "登录",
    "accounts.sign_in_refused": "登录未成功",
    "accounts.password_changed": "修改密码",
    "organizations.registered": "登记组织",
    "organizations.member_added": "添加成员",
    "rounds.created": "新建期次",
    "rounds.opened": "开启期次",
    "rounds.closed": "结束期次",
    "needs.posted": "登记需求",
    "needs.refused": "不予受理需求",
    "needs.contact_shown": "查看联系方式",
    "needs.order_drafted": "制作服务项目单",
    "needs.order_listed": "服务项目上单",
    "needs.claim_offered": "提出认领",
    "needs.claim_confirmed": "确认认领",
    "needs.claim_declined": "未确认认领",
    "projects.started": "新建申报书",
    "projects.submitted": "提交申报书",
    "projects.withdrawn": "撤回申报书",
    "projects.decided": "作出初审结论",
    "judging.session_created": "设置评审会",
    "judging.rule_set": "设定评分规则",
    "judging.figures_set": "填写其他得分和加减分",
    "judging.entries_set": "确定参评项目",
    "judging.judge_seated": "安排评委",
    "judging.recused": "登记回避",
    "judging.draw_committed": "公布抽签承诺值",
    "judging.drawn": "抽签",
    "judging.scoring_opened": "开放评分",
    "judging.details_set": "修改评审会名称、日期和地点",
    "judging.recusal_declared": "评委声明回避",
    "judging.recusal_confirmed": "确认回避声明",
    "judging.recusal_withdrawn": "撤销回避登记",
    "judging.pace_set": "设定评分开放方式",
    "judging.stage_present": "导播：请项目上台",
    "judging.stage_questions": "导播：转入答辩",
    "judging.stage_pause": "导播：暂停计时",
    "judging.stage_resume": "导播：继续计时",
    "judging.stage_stop": "导播：结束本项目",
    "judging.stage_open": "导播：开放项目评分",
    "judging.stage_close": "导播：关闭项目评分",
    "judging.stage_break": "导播：休息",
    "judging.stage_reveal": "导播：揭晓一名",
    "judging.stage_final": "导播：显示全部结果",
    "judging.stage_key": "导播：更换大屏链接",
    "judging.stage_times": "导播：设定时长",
    "judging.sheet_submitted": "提交评分",
    "judging.locked": "锁定评审会",
    "judging.published": "公布评审结果",
    "funding.plan_drafted": "拟订资金分配方案",
    "funding.award_adjusted": "调整拟资助金额",
    "funding.plan_submitted": "提请审批方案",
    "funding.plan_approved": "批准方案",
    "funding.plan_returned": "退回方案",
    "funding.notice_published": "发布公示",
    "delivery.rated": "居民评议",
    "workdays.set": "设置调休",
    "workdays.removed": "删除调休",
    "jobs.started": "导出文件",
    "messaging.mass_drafted": "起草群发消息",
    "messaging.mass_submitted": "群发消息送复核",
    "messaging.mass_released": "发出群发消息",
    "messaging.mass_returned": "退回群发消息",
    "messaging.recalled": "撤回消息",
    "messaging.sent_again": "重发消息",
    "messaging.wording_saved": "修改消息模板",
    "messaging.wording_reset": "恢复默认消息模板",
    "messaging.robot_saved": "设置群机器人",
}


def verb_words(verb: str) -> str:
    """The Chinese name of an act; an unknown one is shown as its code."""
    return VERBS.get(verb, verb)


def object_words(label: str) -> str:
    """The Chinese name of a kind of row, from its model; an unknown label is shown as it is."""
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):
        return label
