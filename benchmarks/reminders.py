"""Ten thousand people, each with a deadline of her own: one sweep over all kinds, then sending to an SMTP server here.

    python -m benchmarks --only reminders        (DATABASE_URL: a role that may create databases)

Read the statements: those of a sweep grow with its batches of five hundred people, not with the people; those of sending
hold one more look per hundred letters at whether the thing is still open. The times are this machine's.
"""

from benchmarks.messages import START, counted, database, run, sink

MANY, BATCH = 10_000, 500

FILL = START + (
    "from datetime import timedelta\n"
    "from accounts.models import Area\n"
    "from core.clock import local\n"
    "from needs.models import Need\n"
    "d = Area.objects.create(kind='district', name='测试区', pinyin='c', path='/1/')\n"
    "s = Area.objects.create(kind='street', name='甲街道', pinyin='j', parent=d, path='/1/2/'); s.street = s; s.save()\n"
    "c = Area.objects.create(kind='community', name='溡源社区', pinyin='s', parent=s, street=s, path='/1/2/3/')\n"
    f"people = User.objects.bulk_create([User(username=f'b{{i}}', display_name=f'测试{{i}}', email=f'b{{i}}@test.invalid', password='!')\n"
    f"    for i in range({MANY})], batch_size=2000)\n"
    "at = clock.now(); due = local(at).date() + timedelta(days=1)\n"
    "Need.objects.bulk_create([Need(number=f'XQ-{i}', tracking_code=f'{i:08d}', street=s, community=c, channel='visit', category='culture',\n"
    "    words='要一块活动的地方。', handler=p, due_on=due, collected_at=at) for i, p in enumerate(people)], batch_size=2000)\n"
    "with connection.cursor() as cursor: cursor.execute('ANALYZE')\n"
)

# Not at night, and on a working day's eve whatever the day: the street counts calendar days.
SWEEP = START + (
    "import importlib\n"
    "from datetime import timedelta\n"
    "from accounts.models import Area\n"
    "from core.deadlines import midnight\n"
    "from core.clock import local\n"
    "from reminders.models import Reminder, Rule\n"
    "from reminders.services import remind\n"
    "from needs.models import Need\n"
    "at = clock.now(); street = Area.objects.get(kind='street')\n"
    "Rule.objects.get_or_create(street=street, kind='needs.handling', defaults={'before': [1], 'changed_at': at})\n"
    "moment = midnight(Need.objects.first().due_on) - timedelta(hours=12)\n"
    "count.n = 0; began = time.perf_counter()\n"
    "with connection.execute_wrapper(count): made = remind(at=moment)\n"
    "print(f'@@{made}|{count.n}|{time.perf_counter() - began}')\n"
    "Delivery.objects.filter(state='due').update(expires_at=None)\n"
)

SEND = START + (
    "from messaging.services import send\n"
    "send.BUDGET = 3600\n"
    "began = time.perf_counter()\n"
    "with connection.execute_wrapper(count): sent = services.send_due_deliveries()\n"
    "print(f'@@{sent}|{count.n}|{time.perf_counter() - began}')\n"
)

DONE = START + (
    "from needs.models import Need\n"
    "from reminders.models import Reminder\n"
    "Delivery.objects.all().delete(); Reminder.objects.all().delete()\n"
    "from messaging.models import Notice; Notice.objects.all().delete()\n"
)

CLOSE = (
    START
    + "from needs.models import Need\nNeed.objects.filter(pk__in=Need.objects.order_by('pk').values('pk')[:5000]).update(state='refused', refusal_reason='x')\n"
)


def report() -> None:
    """Sweep, sweep again, send; then once more with half of the things done before they are sent."""
    print(f"期限提醒：{MANY:,} 人各一件到期的事")
    with database("bench_reminders") as url, sink() as post:
        port = post.stdout.readline().strip()
        run(FILL, url, port)
        made, statements, seconds = run(SWEEP, url, port)[0]
        batches = -(-MANY // BATCH)
        print(
            f"  提醒 {made:,.0f} 条：{statements:.0f} 条语句（每批 {BATCH} 人 {statements / batches:.1f} 条），{seconds:.1f} 秒，"
            f"{made / seconds:,.0f} 条/秒"
        )
        again, statements, seconds = run(SWEEP, url, port)[0]
        print(f"  再扫一遍：新提醒 {again:.0f} 条，{statements:.0f} 条语句，{seconds:.1f} 秒")
        sent, statements, seconds = run(SEND, url, port)[0]
        arrived, different, _ = counted(post)
        assert sent == arrived == different == MANY, (sent, arrived, different)
        print(
            f"  发送：{sent / seconds:.0f} 封/秒，每 100 封 {100 * statements / sent:.1f} 条语句（含发送前再核一次），"
            f"到达 {arrived} 封，不重复 {different} 封"
        )
        run(DONE, url, port)
        run(SWEEP, url, port)
        run(CLOSE, url, port)
        sent, _, _ = run(SEND, url, port)[0]
        arrived, different, _ = counted(post)
        assert sent == arrived == different == MANY // 2, (sent, arrived, different)
        print(f"  发送前有一半已办结：只发出 {arrived:,} 封")
