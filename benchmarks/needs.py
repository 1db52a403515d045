"""The ledger of needs at 1, 10 and 100 times a community's year: lists, search, suggestions, analysis.

    PORTAL_DATA=var/bench .venv/bin/python -m chuangtou.up exec .venv/bin/python -m benchmarks --only needs

One time is one community with a year of 3,000 needs; 100 times is 100 communities of one street with 300,000. One
database grows from size to size; its rows are copied in, the index of words is built after them. The last figures are
the ratios to the smallest size: read those and the statements; the times themselves are this machine's. BENCH_SQL=1
shows the three slowest statements of each.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.messages import database

ROOT = Path(__file__).resolve().parent.parent
PER_COMMUNITY = 3000

FILL = '''
import io, random, sys
from datetime import timedelta
from django.db import connection, transaction
from accounts.models import Area, Role, User
from accounts.services import add_area, add_user, grant_role, let_off
from core import clock
from core.pinyin import initials
from needs.domain import similar

begin, end, each = map(int, sys.argv[1:])
at, pick = clock.now(), random.Random(7)
if begin == 0:
    district = add_area(kind=Area.Kind.DISTRICT, name="基准区")
    street = add_area(kind=Area.Kind.STREET, name="基准街道", parent=district)
    let_off(street=street, at=at, reason="性能测试数据：凭密码即可登录")
    office = add_user(username="bench_office", display_name="基准", password="Bench-pass-2026", at=at, by=None)
    with transaction.atomic():
        grant_role(user=office, role=Role.OFFICE, area=street, at=at, by=None)
    add_area(kind=Area.Kind.COMMUNITY, name="空社区", parent=street)  # with only one community the pages show its grids too
street, office = Area.objects.streets().get(), User.objects.get(username="bench_office")
where = ("楼道", "小区门口", "广场", "停车场", "菜市场", "电梯", "地下室", "绿化带", "健身角", "活动室")
what = ("灯坏了", "垃圾没人清", "堆物占道", "漏水", "积水", "太吵", "缺座椅", "要修", "没人管", "有异味", "想办活动", "需要志愿者")
who = ("老人", "孩子", "上班的人", "残疾人", "租户", "新搬来的")
kinds = ("party", "environment", "culture", "convenience", "education", "relief", "health", "elderly", "children", "safety", "other")

class Words:
    """A text with its grams: pairs of characters, threes of initials."""
    def __init__(self):
        self.text = f"{pick.randrange(1, 40)}号楼{pick.choice(where)}{pick.choice(what)}，{pick.choice(who)}不方便，{pick.choice(where)}也{pick.choice(what)}"
        self.letters = initials(self.text)
        self.pairs = similar.pairs(self.text)[: similar.MOST_KEYS]
        self.threes = list(dict.fromkeys(self.letters[i : i + 3] for i in range(len(self.letters) - 2)))[: similar.MOST_KEYS]
        self.street = self.keys(f"s{street.pk}", {})
    def keys(self, scope, known):
        found = []
        for where_, grams in ((scope, self.pairs), (scope + "i", self.threes)):
            for gram in grams:
                if (where_, gram) not in known:
                    known[where_, gram] = str(similar.key(where_, gram))
                found.append(known[where_, gram])
        return found

texts = [Words() for _ in range(each)]
COLUMNS = ("number", "tracking_code", "street_id", "community_id", "grid_id", "channel", "category", "words", "people_count", "urgency", "state",
    "contact_name", "contact_phone", "refusal_reason", "route", "level", "tier", "department", "handler_id", "due_on", "kept_state",
    "answered_at", "closed_at", "public_words", "source", "version", "keys", "initials", "collected_at", "is_demo")
with connection.cursor() as cursor:
    cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'need_keys'")
    (index,) = cursor.fetchone()
    cursor.execute("DROP INDEX need_keys")
    for c in range(begin, end):
        place = add_area(kind=Area.Kind.COMMUNITY, name=f"基准{c}社区", parent=street)
        grids = [add_area(kind=Area.Kind.GRID, name=f"第{n}网格", parent=place).pk for n in range(1, 5)]
        known, rows = {}, io.StringIO()
        for i, text in enumerate(texts):
            state = "closed" if i < each - 150 else ("collected", "handling", "feedback")[i % 3]
            asked = at - timedelta(minutes=170 * (each - i))
            closed = min(at, asked + timedelta(days=i % 23)) if state == "closed" else None
            told = closed or (asked if i % 2 else None)
            values = (f"B{c}-{i}", f"B{c}C{i}", street.pk, place.pk, grids[i % 4], ("visit", "hotline", "online")[i % 3], kinds[(i + c) % 11],
                text.text, 1 + i % 9, "low", state, "", "", "", "" if state == "collected" else "now", "", "community", "", office.pk,
                None if closed else at.date() + timedelta(days=i % 9 - 4), "", told, closed, text.text if i % 3 == 0 else "", "", 1,
                "{" + ",".join(text.keys(f"c{place.pk}", known) + text.street) + "}", text.letters, asked, "f")
            rows.write("\\t".join("\\\\N" if v is None else str(v) for v in values) + "\\n")
        rows.seek(0)
        cursor.copy_expert(f"COPY needs_need ({', '.join(COLUMNS)}) FROM STDIN", rows)
    cursor.execute("SET maintenance_work_mem = '512MB'")
    cursor.execute(index)
    cursor.execute("INSERT INTO needs_needrating (need_id, stars, words, at) SELECT id, 1 + id % 5, '', closed_at FROM needs_need n WHERE state = 'closed' AND id % 3 = 0 AND NOT EXISTS (SELECT 1 FROM needs_needrating r WHERE r.need_id = n.id)")
    cursor.execute("INSERT INTO needs_serviceorder (number, street_id, community_id, title, target, content, is_price_demo, theme_code, buyer, category, directed_reason, fund_source, mode, version, withdrawn_reason, state, drafted_by_id, drafted_at, is_demo) SELECT 'F' || id, street_id, community_id, '基准单', '居民', '内容', false, '', 'community', category, '', '', '', 1, '', 'draft', %s, closed_at, false FROM needs_need n WHERE state = 'closed' AND id % 100 = 0 AND NOT EXISTS (SELECT 1 FROM needs_serviceorder o WHERE o.number = 'F' || n.id)".replace("% 100", "%% 100"), [office.pk])
    cursor.execute("INSERT INTO needs_orderneed (order_id, need_id) SELECT o.id, substr(o.number, 2)::bigint + k FROM needs_serviceorder o, generate_series(0, 4) k WHERE NOT EXISTS (SELECT 1 FROM needs_orderneed l WHERE l.order_id = o.id) AND EXISTS (SELECT 1 FROM needs_need n WHERE n.id = substr(o.number, 2)::bigint + k)")
    cursor.execute("VACUUM ANALYZE")
'''

ASK = """
import os, statistics, sys, time
from django.conf import settings
settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from accounts.models import Area, User
from core import clock
from needs import rules
from needs.models import Need

c = Client()
c.force_login(User.objects.get(username="bench_office"))
place, at = Area.objects.communities().exclude(name="空社区").order_by("pk").first().pk, clock.now()
one = Need.objects.filter(community=place, state="handling").order_by("pk").last().pk

def page(url):
    def ask():
        answer = c.get(url)
        assert answer.status_code == 200, (url, answer.status_code)
    return ask

jobs = (
    ("台账", page("/needs/")), ("台账末页", page("/needs/?page=9999")), ("一个社区", page(f"/needs/?community={place}")),
    ("一类和渠道", page("/needs/?category=culture&channel=visit")), ("已超期", page("/needs/?due=over")), ("未答复", page("/needs/?due=late")),
    ("查内容", page("/needs/?q=地下室有异味")), ("查常见词", page("/needs/?q=漏水")), ("查首字母", page("/needs/?q=dxsyyw")),
    ("一件", page(f"/needs/{one}/")), ("同类建议", lambda: rules.similar_needs("12号楼地下室积水，老人不方便", place, at=at)),
    ("合并建议", page(f"/needs/{one}/merge/")), ("分析", page("/needs/analysis/")), ("分析一社区", page(f"/needs/analysis/?community={place}")),
    ("公开", page(f"/open/?community={place}")), ("公开首页", page("/open/")),
)
for name, run in jobs:
    began = time.perf_counter()
    run()
    first = time.perf_counter() - began
    with CaptureQueriesContext(connection) as seen:
        run()
    asked = list(seen)  # the next request empties the log
    took = []
    for _ in range(3 if first > 1 else 7):
        began = time.perf_counter()
        run()
        took.append(1000 * (time.perf_counter() - began))
    print(f"@@{name}|{len(asked)}|{statistics.median(took)}", flush=True)
    if os.environ.get("BENCH_SQL"):
        for q in sorted(asked, key=lambda q: -float(q["time"]))[:3]:
            print(name, q["time"], q["sql"][:700], file=sys.stderr, flush=True)
"""


def _run(code: str, url: str, *arguments: str) -> list[list[str]]:
    env = os.environ | {
        "DATABASE_URL": url,
        "PORTAL_PLAIN_HTTP": "1",
        "PORTAL_HOSTS": "*",
        "LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "chuangtou.settings",
    }
    said = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{code}", *arguments],
        cwd=ROOT,
        env=env,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    return [line[2:].split("|") for line in said.splitlines() if line.startswith("@@")]


def report(sizes: tuple[int, ...] = (1, 10, 100)) -> None:
    """Let a database grow from size to size and ask it the same at each."""
    found: dict[str, list[tuple[int, float]]] = {}
    there = 0
    with database("bench_needs") as url:
        for size in sizes:
            began = time.perf_counter()
            _run(FILL, url, str(there), str(size), str(PER_COMMUNITY))
            there = size
            print(
                f"需求：{size} 个社区，{size * PER_COMMUNITY:,} 件（数据用时 {time.perf_counter() - began:.0f} 秒）",
                flush=True,
            )
            for name, queries, millis in _run(ASK, url):
                found.setdefault(name, []).append((int(queries), float(millis)))
    head = "".join(f"  ×{size:<4}条语句    毫秒" for size in sizes)
    print(f"  {'':8}{head}" + "".join(f"  ×{size}比×{sizes[0]}" for size in sizes[1:]))
    for name, figures in found.items():
        ratios = "".join(f"  {millis / figures[0][1]:8.1f}" for _, millis in figures[1:])
        print(f"  {name:8}" + "".join(f"  {queries:9}  {millis:8.1f}" for queries, millis in figures) + ratios)
        assert len({queries for queries, _ in figures}) == 1, f"{name}: the number of statements grows"
