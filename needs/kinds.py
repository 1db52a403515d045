"""Messages of this app."""

from datetime import timedelta

from messaging.kinds import Kind, register

WAITING = register(Kind("needs.waiting", "需求待办", useful=timedelta(days=14)))
ESCALATED = register(Kind("needs.escalated", "需求上报", useful=timedelta(days=14)))
ORDER_NEWS = register(Kind("needs.order_news", "服务项目进展（请转告居民）", useful=timedelta(days=14)))
CLAIM_WAITING = register(Kind("needs.claim_waiting", "认领待处理", useful=timedelta(days=14)))
CLAIM_ANSWER = register(Kind("needs.claim_answer", "认领结果"))
PLEDGE = register(Kind("needs.pledge", "资源承诺", useful=timedelta(days=30)))
