import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Reminders of drafts so far were about a round: they keep their place in the record under the new names.
CARRY = """
UPDATE reminders_reminder r SET kind = 'projects.draft', object_id = r.round_id, scope_id = d.street_id
FROM rounds_round d WHERE d.id = r.round_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_people_belong_to_a_street'),
        ('messaging', '0011_outbox_guards'),
        ('rounds', '0001_initial'),
        ('reminders', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='reminder', name='reminder_once'),
        migrations.AlterField('reminder', 'kind', models.CharField(max_length=60, verbose_name='种类', help_text='a key of core.deadlines')),
        migrations.AlterField('reminder', 'days_before', models.SmallIntegerField(verbose_name='提前天数', help_text='negative: working days late')),
        migrations.AddField('reminder', 'is_above', models.BooleanField(default=False, verbose_name='督办')),
        migrations.AddField('reminder', 'object_id', models.BigIntegerField(null=True, verbose_name='事项', help_text='id of what it is about; no foreign key on purpose')),
        migrations.AddField('reminder', 'scope_id', models.BigIntegerField(null=True, verbose_name='所属街道', help_text='id of the street area; no foreign key on purpose')),
        migrations.RunSQL([CARRY, 'SET CONSTRAINTS ALL IMMEDIATE'], migrations.RunSQL.noop),
        migrations.AlterField('reminder', 'object_id', models.BigIntegerField(verbose_name='事项', help_text='id of what it is about; no foreign key on purpose')),
        migrations.AlterField('reminder', 'scope_id', models.BigIntegerField(verbose_name='所属街道', help_text='id of the street area; no foreign key on purpose')),
        migrations.RemoveField(model_name='reminder', name='round'),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.UniqueConstraint(fields=('person', 'kind', 'object_id', 'deadline', 'days_before', 'is_above'), name='reminder_once', violation_error_message='同一截止时间对同一人只提醒一次。'),
        ),
        migrations.AddIndex(model_name='reminder', index=models.Index(fields=['kind', 'object_id'], name='reminder_about')),
        migrations.CreateModel(
            name='Rule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=60, verbose_name='种类')),
                ('is_on', models.BooleanField(default=True, verbose_name='提醒')),
                ('before', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), blank=True, default=list, size=None, verbose_name='提前几天')),
                ('after', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), blank=True, default=list, size=None, verbose_name='逾期几个工作日')),
                ('in_workdays', models.BooleanField(default=False, verbose_name='按工作日提前')),
                ('escalate', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='逾期几个工作日督办')),
                ('revision', models.PositiveIntegerField(default=0, verbose_name='修改次数')),
                ('changed_at', models.DateTimeField(verbose_name='修改时间')),
                ('street', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.area', verbose_name='街道')),
            ],
            options={
                'verbose_name': '提醒规则',
                'verbose_name_plural': '提醒规则',
                'constraints': [
                    models.UniqueConstraint(fields=('street', 'kind'), name='reminder_rule_once', violation_error_message='该种期限已有规则。'),
                    models.CheckConstraint(condition=models.Q(('escalate', None), models.Q(('escalate__gte', 1), ('escalate__lte', 60)), _connector='OR'), name='reminder_rule_escalates_in_time', violation_error_message='督办应在逾期 1 至 60 个工作日之间。'),
                ],
            },
        ),
        migrations.CreateModel(
            name='CalendarWish',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_digest', models.BooleanField(default=True, verbose_name='合成每日一条')),
                ('hour', models.PositiveSmallIntegerField(default=8, verbose_name='几点提醒')),
                ('feed', models.CharField(blank=True, max_length=64, null=True, unique=True, verbose_name='订阅链接摘要')),
                ('feed_made_at', models.DateTimeField(blank=True, null=True, verbose_name='订阅链接生成时间')),
                ('changed_at', models.DateTimeField(verbose_name='修改时间')),
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='人员')),
            ],
            options={
                'verbose_name': '日历设置',
                'verbose_name_plural': '日历设置',
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('hour__gte', 6), ('hour__lte', 20)), name='calendar_wish_hour_of_day', violation_error_message='提醒时间应在 6 点至 20 点之间。'),
                    models.CheckConstraint(condition=models.Q(models.Q(('feed', None), ('feed_made_at', None)), models.Q(('feed__isnull', False), ('feed_made_at__isnull', False)), _connector='OR'), name='calendar_wish_feed_has_moment', violation_error_message='订阅链接和生成时间要同时存在。'),
                ],
            },
        ),
    ]
