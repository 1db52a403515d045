
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# What an order already listed was made of: the needs say the category, its round how it is chosen and paid.
FILL = """
UPDATE needs_serviceorder o SET
  category = COALESCE((SELECT n.category FROM needs_orderneed l JOIN needs_need n ON n.id = l.need_id
                       WHERE l.order_id = o.id ORDER BY n.id LIMIT 1), o.category),
  mode = COALESCE((SELECT r.mode FROM rounds_round r WHERE r.id = o.round_id), ''),
  buyer = COALESCE((SELECT r.buyer FROM rounds_round r WHERE r.id = o.round_id), ''),
  fund_source = COALESCE((SELECT r.fund_source FROM rounds_round r WHERE r.id = o.round_id), '');
"""

GUARDS = """
CREATE FUNCTION needs_orderstep_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '服务项目单的经过只能追加，不能修改或删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_orderstep_append_only';
END $$;
CREATE TRIGGER needs_orderstep_append_only BEFORE UPDATE OR DELETE ON needs_orderstep
  FOR EACH ROW EXECUTE FUNCTION needs_orderstep_append_only();

CREATE FUNCTION needs_order_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> NEW.state AND NOT (OLD.state || '>' || NEW.state) = ANY (ARRAY[
    'draft>listed', 'draft>withdrawn', 'listed>claimed', 'listed>comparing', 'listed>lapsed', 'listed>withdrawn',
    'comparing>claimed', 'comparing>listed', 'comparing>lapsed', 'comparing>withdrawn', 'lapsed>listed', 'lapsed>withdrawn']) THEN
    RAISE EXCEPTION '服务项目单不能从这一状态转到那一状态。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_order_moves';
  END IF;
  IF OLD.state <> 'draft' AND (
    (OLD.number, OLD.street_id, OLD.community_id, OLD.title, OLD.category, OLD.target, OLD.content, OLD.buyer, OLD.fund_source)
      IS DISTINCT FROM
    (NEW.number, NEW.street_id, NEW.community_id, NEW.title, NEW.category, NEW.target, NEW.content, NEW.buyer, NEW.fund_source)
    OR (OLD.price_ceiling, OLD.service_from, OLD.service_until, OLD.directed_to_id, OLD.directed_reason)
      IS DISTINCT FROM (NEW.price_ceiling, NEW.service_from, NEW.service_until, NEW.directed_to_id, NEW.directed_reason)) THEN
    RAISE EXCEPTION '服务项目单上单后不能修改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_order_listed_stays';
  END IF;
  IF OLD.state = 'listed' AND NEW.claims_close_at < OLD.claims_close_at THEN
    RAISE EXCEPTION '认领截止只能延后，不能提前。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_order_deadline_grows';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER needs_order_guard BEFORE UPDATE ON needs_serviceorder FOR EACH ROW EXECUTE FUNCTION needs_order_guard();

CREATE FUNCTION needs_claim_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  o record;
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION '认领不能删除。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_claim_stays';
  END IF;
  IF TG_OP = 'UPDATE' THEN
    IF OLD.state <> 'offered' THEN
      RAISE EXCEPTION '已处理的认领不能修改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_claim_stays';
    END IF;
    IF (OLD.order_id, OLD.organization_id, OLD.offered_at) IS DISTINCT FROM (NEW.order_id, NEW.organization_id, NEW.offered_at) THEN
      RAISE EXCEPTION '认领的单位和项目不能改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_claim_stays';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.state <> 'offered' THEN
    RETURN NEW;
  END IF;
  SELECT state, mode, claims_close_at, directed_to_id INTO o FROM needs_serviceorder WHERE id = NEW.order_id FOR SHARE;
  IF o.state <> 'listed' OR o.mode NOT IN ('claiming', 'direct') OR NEW.offered_at >= o.claims_close_at
     OR (o.mode = 'direct' AND NEW.organization_id <> o.directed_to_id) THEN
    RAISE EXCEPTION '该服务项目现在不接受这一认领。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_claim_in_time';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER needs_claim_guard BEFORE INSERT OR UPDATE OR DELETE ON needs_claim FOR EACH ROW EXECUTE FUNCTION needs_claim_guard();

CREATE FUNCTION needs_order_site_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  oid bigint;
BEGIN
  IF TG_OP = 'DELETE' THEN oid := OLD.order_id; ELSE oid := NEW.order_id; END IF;
  PERFORM 1 FROM needs_serviceorder WHERE id = oid AND state = 'draft' FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION '服务项目单上单后不能修改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'needs_order_listed_stays';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER needs_order_site_guard BEFORE INSERT OR UPDATE OR DELETE ON needs_ordersite FOR EACH ROW EXECUTE FUNCTION needs_order_site_guard();
"""

UNGUARD = """
DROP TRIGGER needs_order_site_guard ON needs_ordersite;
DROP FUNCTION needs_order_site_guard();
DROP TRIGGER needs_claim_guard ON needs_claim;
DROP FUNCTION needs_claim_guard();
DROP TRIGGER needs_order_guard ON needs_serviceorder;
DROP FUNCTION needs_order_guard();
DROP TRIGGER needs_orderstep_append_only ON needs_orderstep;
DROP FUNCTION needs_orderstep_append_only();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_people_belong_to_a_street'),
        ('needs', "0010_analysis"),
        ('organizations', '0003_standing_guards'),
        ('rounds', '0002_guards'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='OrderSite',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('unit', models.CharField(blank=True, max_length=60, verbose_name='具体地点')),
            ],
            options={
                'verbose_name': '实施点',
                'verbose_name_plural': '实施点',
            },
        ),
        migrations.CreateModel(
            name='OrderStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act', models.CharField(choices=[('draft', '制单'), ('edit', '修改'), ('list', '上单'), ('extend', '延长认领期限'), ('offer', '单位认领'), ('change', '修改认领'), ('retract', '撤回认领'), ('compare', '多家认领，转为比选'), ('send', '转入竞评'), ('confirm', '确定承接单位'), ('decline', '未确认认领'), ('lapse', '流标'), ('relist', '重新上单'), ('begin', '开始服务'), ('finish', '服务完成'), ('withdraw', '撤回'), ('pledge', '资源到位')], max_length=10, verbose_name='动作')),
                ('state', models.CharField(choices=[('draft', '制单中'), ('listed', '已上单'), ('comparing', '比选中'), ('claimed', '已认领'), ('lapsed', '流标'), ('withdrawn', '已撤回')], max_length=10, verbose_name='状态')),
                ('words', models.TextField(blank=True, max_length=1000, verbose_name='说明')),
                ('is_public', models.BooleanField(default=False, verbose_name='公开')),
                ('by_name', models.CharField(blank=True, max_length=40, verbose_name='姓名')),
                ('by_role', models.CharField(blank=True, max_length=40, verbose_name='身份')),
                ('at', models.DateTimeField(verbose_name='时间')),
            ],
            options={
                'verbose_name': '服务项目单经过',
                'verbose_name_plural': '服务项目单经过',
            },
        ),
        migrations.RemoveConstraint(
            model_name='claim',
            name='claim_once',
        ),
        migrations.RemoveConstraint(
            model_name='serviceorder',
            name='order_listed_has_round',
        ),
        migrations.AddField(
            model_name='claim',
            name='once_key',
            field=models.CharField(blank=True, max_length=64, null=True, unique=True, verbose_name='防重键'),
        ),
        migrations.AddField(
            model_name='claim',
            name='people',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='投入人数'),
        ),
        migrations.AddField(
            model_name='claim',
            name='schedule',
            field=models.CharField(blank=True, max_length=200, verbose_name='什么时候做'),
        ),
        migrations.AddField(
            model_name='claim',
            name='version',
            field=models.PositiveIntegerField(default=1, verbose_name='版次'),
        ),
        migrations.AddField(
            model_name='serviceorder',
            name='begun_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='开始服务时间'),
        ),
        migrations.AddField(
            model_name='serviceorder',
            name='buyer',
            field=models.CharField(blank=True, choices=[('community', '社区购买'), ('street', '街道购买')], max_length=10, verbose_name='购买方'),
        ),
        migrations.AddField(
            model_name='serviceorder',
            name='category',
            field=models.CharField(choices=[('party', '党建引领'), ('environment', '环境卫生'), ('culture', '文体娱乐'), ('convenience', '便民利民'), ('education', '宣传教育'), ('relief', '扶贫帮困'), ('health', '卫生保健'), ('elderly', '为老服务'), ('children', '儿童青少年'), ('safety', '平安治理'), ('other', '其他')], default='other', max_length=20, verbose_name='类别'),
        ),
        migrations.AddField(
            model_name='serviceorder',
            name='claims_close_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='认领截止'),
        ),
        migrations.AddField(
            model_name='serviceorder',
            name='directed_reason',
            field=models.CharField(blank=True, max_length=500, verbose_name='定向理由'),
        ),
        migrations.AddField(
            model_name='serviceorder',
            name='directed_to',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organizations.organization', verbose_name='定向单位'),
        ),
        migrations.AddField(
            model_name='serviceorder',
            name='done_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='服务完成时间'),
        ),
        migrations.AddField(
            model_name='serviceorder',
            name='fund_source',
            field=models.CharField(blank=True, max_length=60, verbose_name='资金来源'),
        ),
        migrations.AddField(
            model_name='serviceorder',
            name='mode',
            field=models.CharField(blank=True, choices=[('claiming', '认领'), ('scoring', '竞评'), ('direct', '定向')], max_length=10, verbose_name='遴选方式'),
        ),
        migrations.AddField(
            model_name='serviceorder',
            name='once_key',
            field=models.CharField(blank=True, max_length=64, null=True, unique=True, verbose_name='防重键'),
        ),
        migrations.AddField(
            model_name='serviceorder',
            name='service_from',
            field=models.DateField(blank=True, null=True, verbose_name='服务开始'),
        ),
        migrations.AddField(
            model_name='serviceorder',
            name='service_until',
            field=models.DateField(blank=True, null=True, verbose_name='服务结束'),
        ),
        migrations.AddField(
            model_name='serviceorder',
            name='version',
            field=models.PositiveIntegerField(default=1, verbose_name='版次'),
        ),
        migrations.AddField(
            model_name='serviceorder',
            name='withdrawn_reason',
            field=models.CharField(blank=True, max_length=500, verbose_name='撤回理由'),
        ),
        migrations.AlterField(
            model_name='claim',
            name='state',
            field=models.CharField(choices=[('offered', '待确认'), ('confirmed', '已确认'), ('declined', '未确认'), ('withdrawn', '已撤回'), ('moved', '转入竞评')], default='offered', max_length=10, verbose_name='状态'),
        ),
        migrations.AlterField(
            model_name='needstep',
            name='act',
            field=models.CharField(choices=[('post', '登记'), ('analyse', '分析'), ('begin', '开始处置'), ('order', '制成服务项目单'), ('order_over', '服务项目单未成'), ('finish', '处置完毕'), ('tell', '反馈'), ('answer', '反馈办理结果'), ('rate', '居民评议'), ('close', '办结'), ('give_back', '退回'), ('hold', '挂起'), ('resume', '恢复办理'), ('refuse', '不予受理'), ('reopen', '重新办理'), ('transfer', '转交其他社区'), ('refer', '转交部门'), ('escalate', '上报'), ('overdue', '逾期自动上报'), ('assign', '确定承办人'), ('merge', '并入同类需求'), ('split', '拆分'), ('publish', '公开内容'), ('unpublish', '撤回公开')], max_length=12, verbose_name='动作'),
        ),
        migrations.AlterField(
            model_name='serviceorder',
            name='state',
            field=models.CharField(choices=[('draft', '制单中'), ('listed', '已上单'), ('comparing', '比选中'), ('claimed', '已认领'), ('lapsed', '流标'), ('withdrawn', '已撤回')], default='draft', max_length=10, verbose_name='状态'),
        ),
        migrations.AddIndex(
            model_name='serviceorder',
            index=models.Index(condition=models.Q(('state', 'listed')), fields=['claims_close_at'], name='order_deadline'),
        ),
        migrations.AddIndex(
            model_name='serviceorder',
            index=models.Index(condition=models.Q(('listed_at__isnull', False)), fields=['-listed_at', '-id'], name='order_listed'),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='claim',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['offered', 'confirmed'])), fields=('order', 'organization'), name='claim_once', violation_error_message='贵单位已认领过此项目。'),
        ),
        migrations.AddConstraint(
            model_name='claim',
            constraint=models.CheckConstraint(condition=models.Q(('people', None), ('people__gte', 1), _connector='OR'), name='claim_people_at_least_one', violation_error_message='投入人数至少为 1。'),
        ),
        migrations.AddConstraint(
            model_name='serviceorder',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('listed_at__isnull', True), ('state__in', ['draft', 'withdrawn'])), models.Q(models.Q(('state', 'draft'), _negated=True), ('listed_at__isnull', False), ('round__isnull', False)), _connector='OR'), name='order_listed_has_round', violation_error_message='上单的服务项目必须属于一个期次。'),
        ),
        migrations.AddConstraint(
            model_name='serviceorder',
            constraint=models.CheckConstraint(condition=models.Q(('listed_at__isnull', True), models.Q(('mode', ''), _negated=True), _connector='OR'), name='order_listed_has_mode', violation_error_message='上单的服务项目必须有遴选方式。'),
        ),
        migrations.AddConstraint(
            model_name='serviceorder',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('directed_to__isnull', False), ('mode', 'direct'), models.Q(('directed_reason', ''), _negated=True)), models.Q(models.Q(('mode', 'direct'), _negated=True), ('directed_reason', ''), ('directed_to', None)), _connector='OR'), name='order_directed_has_reason', violation_error_message='定向的服务项目必须写明单位和理由。'),
        ),
        migrations.AddConstraint(
            model_name='serviceorder',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('service_from', None), ('service_until', None)), ('service_until__gte', models.F('service_from')), _connector='OR'), name='order_period_in_order', violation_error_message='服务结束不能早于服务开始。'),
        ),
        migrations.AddConstraint(
            model_name='serviceorder',
            constraint=models.CheckConstraint(condition=models.Q(('claims_close_at', None), ('mode__in', ['claiming', 'direct']), _connector='OR'), name='order_deadline_is_for_claims', violation_error_message='只有认领和定向的服务项目有认领截止。'),
        ),
        migrations.AddConstraint(
            model_name='serviceorder',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'withdrawn'), models.Q(('withdrawn_reason', ''), _negated=True)), models.Q(models.Q(('state', 'withdrawn'), _negated=True), ('withdrawn_reason', '')), _connector='OR'), name='order_withdrawn_has_reason', violation_error_message='撤回服务项目单必须写明理由。'),
        ),
        migrations.AddConstraint(
            model_name='serviceorder',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('begun_at', None), ('state', 'claimed'), models.Q(('mode', 'scoring'), ('state', 'listed')), _connector='OR'), models.Q(('done_at', None), models.Q(('begun_at__isnull', False), ('done_at__gte', models.F('begun_at'))), _connector='OR')), name='order_work_follows_choice', violation_error_message='确定承接单位后才能开始服务，开始后才能完成。'),
        ),
        migrations.AddField(
            model_name='ordersite',
            name='community',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.area', verbose_name='社区'),
        ),
        migrations.AddField(
            model_name='ordersite',
            name='order',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sites', to='needs.serviceorder', verbose_name='服务项目单'),
        ),
        migrations.AddField(
            model_name='orderstep',
            name='by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='经办人'),
        ),
        migrations.AddField(
            model_name='orderstep',
            name='order',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='needs.serviceorder', verbose_name='服务项目单'),
        ),
        migrations.AddConstraint(
            model_name='ordersite',
            constraint=models.UniqueConstraint(fields=('order', 'community', 'unit'), name='order_site_once', violation_error_message='该实施点已在此单中。'),
        ),
        migrations.RunSQL(GUARDS, UNGUARD),
    ]
