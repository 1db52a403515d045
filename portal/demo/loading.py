"""Playing both demonstration streets, from the command line or as a job that hands out the accounts."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from accounts.models import Area, Role, User
from accounts.rules import holds
from accounts.services import add_area
from audit.models import DemoStreet
from core import clock
from core.errors import DomainError
from jobs.registry import Work, register
from needs.models import Need
from portal.demo import sanshui, xindian
from portal.demo.people import password

ACCOUNTS = """演示账号（密码都是 {password}）：
  三水西南街道：sanshui_office 创投办　sanshui_leader 分管领导　sanshui_finance 财政所　sanshui_host 主持　sanshui_supervisor 监督员
  　　　　　　　sanshui_w_yunxiu 云秀社区工作者　sanshui_grid 网格员　sanshui_yunxiu 申报人　sanshui_judge1 … sanshui_judge7 评委
  　　　　　　　sanshui_sysadmin 系统管理员　sanshui_secadmin 安全管理员　sanshui_auditor 审计管理员
  辛店街道（有一期正在征集，可以试用）：xindian_office　xindian_leader　xindian_w_shiyuan　xindian_yigong 义工协会　xindian_judge1 …
  查进度试用查询码：{code}"""
KIND = "portal.demonstration"
DISTRICTS = ("三水区", "临淄区")


class AlreadyLoaded(DomainError):
    message = "已有演示街道，没有再装入。要重新装入，请先删除。"


class NamesTaken(DomainError):
    message = "已有账号用了演示账号的用户名（{name}），没有装入。"


def play(*, told: Callable[[str], Any] = lambda _name: None) -> None:
    """Play both streets through the services; `told` hears each name. Raises AlreadyLoaded, NamesTaken."""
    if DemoStreet.objects.exists():
        raise AlreadyLoaded
    taken = User.objects.filter(username__regex="^(sanshui|xindian)_").values_list("username", flat=True).first()
    if taken is not None:
        raise NamesTaken(name=taken)
    with transaction.atomic():
        first, second = (add_area(kind=Area.Kind.DISTRICT, name=_free(name)) for name in DISTRICTS)
    told(sanshui.play(first).area.name)
    told(xindian.play(second, clock.now()).area.name)


def _free(name: str) -> str:
    """The district's name, with a mark where a real one has it."""
    return f"{name}（演示）" if Area.objects.filter(kind=Area.Kind.DISTRICT, name=name).exists() else name


def accounts(plain: str) -> str:
    """Who can sign in how, and a code to follow a need."""
    need = Need.objects.filter(is_demo=True, channel="online").order_by("pk").first()
    return ACCOUNTS.format(password=plain, code=need.tracking_code if need else "")


def may_load(user: Any, _params: Mapping[str, Any]) -> bool:
    """System administrators."""
    return holds(user, Role.SYSTEM_ADMIN)


@register(KIND, content_type="text/plain; charset=utf-8", suffix=".txt", may=may_load)
def load_demonstration(work: Work) -> None:
    """Play both streets; the file holds the accounts and the password that was drawn for them, which stands nowhere else."""
    plain = f"Yanshi-{secrets.token_hex(5)}"
    mark, done = password.set(plain), iter((1, 2))
    try:
        work.rows(0, len(DISTRICTS))
        play(told=lambda _name: work.rows(next(done), len(DISTRICTS)))
    finally:
        password.reset(mark)
    work.path.write_text(accounts(plain), encoding="utf-8")
