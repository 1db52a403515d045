
import core.money
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

GUARDS = """
CREATE FUNCTION needs_pledge_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  r record;
  given numeric;
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION '资源承诺不能删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_pledge_stays';
  END IF;
  IF TG_OP = 'UPDATE' AND ((OLD.resource_id, OLD.order_id, OLD.words, OLD.amount) IS DISTINCT FROM (NEW.resource_id, NEW.order_id, NEW.words, NEW.amount)
     OR OLD.state IN ('kept', 'declined', 'withdrawn')) THEN
    RAISE EXCEPTION '已办结的资源承诺不能修改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_pledge_stays';
  END IF;
  SELECT kind, amount, is_active INTO r FROM needs_resource WHERE id = NEW.resource_id FOR UPDATE;
  IF (r.kind = 'money') <> (NEW.amount IS NOT NULL) THEN
    RAISE EXCEPTION '只有资金的承诺有金额。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_pledge_amount';
  END IF;
  IF TG_OP = 'INSERT' AND NOT r.is_active THEN
    RAISE EXCEPTION '该资源已停用。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_pledge_active';
  END IF;
  IF NEW.amount IS NOT NULL AND NEW.state IN ('offered', 'confirmed', 'kept') THEN
    SELECT COALESCE(SUM(amount), 0) INTO given FROM needs_pledge
      WHERE resource_id = NEW.resource_id AND state IN ('offered', 'confirmed', 'kept') AND id <> COALESCE(NEW.id, 0);
    IF given + NEW.amount > r.amount THEN
      RAISE EXCEPTION '承诺的资金超过该资源的金额。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_pledge_amount';
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER needs_pledge_guard BEFORE INSERT OR UPDATE OR DELETE ON needs_pledge FOR EACH ROW EXECUTE FUNCTION needs_pledge_guard();
"""

UNGUARD = """
DROP TRIGGER needs_pledge_guard ON needs_pledge;
DROP FUNCTION needs_pledge_guard();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_people_belong_to_a_street'),
        ('needs', '0011_orders'),
        ('organizations', '0003_standing_guards'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PartnerUnit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, verbose_name='单位')),
                ('kind', models.CharField(choices=[('registered', '双报到单位'), ('co_unit', '兼职委员单位'), ('company', '爱心企业'), ('organization', '社会组织'), ('people', '党员和志愿者'), ('other', '其他单位')], max_length=14, verbose_name='类别')),
                ('created_at', models.DateTimeField(verbose_name='登记时间')),
                ('organization', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organizations.organization', verbose_name='登记的组织')),
                ('street', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.area', verbose_name='街道')),
            ],
            options={
                'verbose_name': '共建单位',
                'verbose_name_plural': '共建单位',
            },
        ),
        migrations.CreateModel(
            name='Resource',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('venue', '场地'), ('people', '人力'), ('money', '资金'), ('goods', '物资'), ('skills', '技能')], max_length=10, verbose_name='类型')),
                ('category', models.CharField(blank=True, choices=[('party', '党建引领'), ('environment', '环境卫生'), ('culture', '文体娱乐'), ('convenience', '便民利民'), ('education', '宣传教育'), ('relief', '扶贫帮困'), ('health', '卫生保健'), ('elderly', '为老服务'), ('children', '儿童青少年'), ('safety', '平安治理'), ('other', '其他')], max_length=20, verbose_name='适合的类别')),
                ('title', models.CharField(max_length=60, verbose_name='资源')),
                ('details', models.TextField(blank=True, max_length=500, verbose_name='说明')),
                ('capacity', models.CharField(blank=True, max_length=60, verbose_name='容量或数量')),
                ('amount', core.money.MoneyField(blank=True, null=True, verbose_name='金额（元）')),
                ('times', models.CharField(blank=True, max_length=100, verbose_name='什么时候可用')),
                ('available_from', models.DateField(blank=True, null=True, verbose_name='可用开始')),
                ('available_until', models.DateField(blank=True, null=True, verbose_name='可用结束')),
                ('contact_name', models.CharField(blank=True, max_length=20, verbose_name='联系人')),
                ('contact_phone', models.CharField(blank=True, max_length=20, verbose_name='联系电话')),
                ('is_active', models.BooleanField(default=True, verbose_name='可用')),
                ('version', models.PositiveIntegerField(default=1, verbose_name='版次')),
                ('registered_at', models.DateTimeField(verbose_name='登记时间')),
                ('once_key', models.CharField(blank=True, max_length=64, null=True, unique=True, verbose_name='防重键')),
                ('is_demo', models.BooleanField(default=False, verbose_name='演示数据')),
                ('community', models.ForeignKey(blank=True, help_text='none: the whole street', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.area', verbose_name='社区')),
                ('registered_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='登记人')),
                ('street', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.area', verbose_name='街道')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='resources', to='needs.partnerunit', verbose_name='单位')),
            ],
            options={
                'verbose_name': '资源',
                'verbose_name_plural': '资源',
            },
        ),
        migrations.CreateModel(
            name='Pledge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('words', models.CharField(max_length=300, verbose_name='承诺内容')),
                ('amount', core.money.MoneyField(blank=True, null=True, verbose_name='金额（元）')),
                ('state', models.CharField(choices=[('offered', '待确认'), ('confirmed', '已确认'), ('kept', '已兑现'), ('declined', '未确认'), ('withdrawn', '已撤回')], default='offered', max_length=10, verbose_name='状态')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='理由')),
                ('offered_at', models.DateTimeField(verbose_name='承诺时间')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='确认时间')),
                ('kept_at', models.DateTimeField(blank=True, null=True, verbose_name='兑现时间')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='确认人')),
                ('offered_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='登记人')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pledges', to='needs.serviceorder', verbose_name='服务项目单')),
                ('resource', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pledges', to='needs.resource', verbose_name='资源')),
            ],
            options={
                'verbose_name': '资源承诺',
                'verbose_name_plural': '资源承诺',
            },
        ),
        migrations.AddConstraint(
            model_name='partnerunit',
            constraint=models.UniqueConstraint(fields=('street', 'name'), name='partner_name_once', violation_error_message='本街道已有同名共建单位。'),
        ),
        migrations.AddIndex(
            model_name='resource',
            index=models.Index(fields=['street', 'is_active', '-id'], name='resource_street'),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount__gt', 0), ('kind', 'money')), models.Q(models.Q(('kind', 'money'), _negated=True), ('amount', None)), _connector='OR'), name='resource_money_has_amount', violation_error_message='资金须填写金额，其他类型不填金额。'),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=models.CheckConstraint(condition=models.Q(('available_from', None), ('available_until', None), ('available_until__gte', models.F('available_from')), _connector='OR'), name='resource_times_in_order', violation_error_message='可用结束不能早于可用开始。'),
        ),
        migrations.AddConstraint(
            model_name='pledge',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['offered', 'confirmed', 'kept'])), fields=('resource', 'order'), name='pledge_once', violation_error_message='这项资源已承诺给此项目。'),
        ),
        migrations.AddConstraint(
            model_name='pledge',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('state', 'offered')), models.Q(models.Q(('state', 'offered'), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='pledge_decision_has_moment', violation_error_message='已处理的承诺必须有时间。'),
        ),
        migrations.AddConstraint(
            model_name='pledge',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kept_at__isnull', False), ('state', 'kept')), models.Q(models.Q(('state', 'kept'), _negated=True), ('kept_at', None)), _connector='OR'), name='pledge_kept_has_moment', violation_error_message='已兑现的承诺必须有时间。'),
        ),
        migrations.AddConstraint(
            model_name='pledge',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'declined'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='pledge_declined_has_reason', violation_error_message='不确认必须写明理由。'),
        ),
        migrations.RunSQL(GUARDS, UNGUARD),
    ]
