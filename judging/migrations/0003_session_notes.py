from django.db import migrations, models

FORWARD = """
CREATE FUNCTION judging_notes_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> 'setup' AND NEW.notes IS DISTINCT FROM OLD.notes THEN
    RAISE EXCEPTION '评分已开放，评分说明不能再改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'judging_notes_guard';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER judging_notes_guard BEFORE UPDATE ON judging_session FOR EACH ROW EXECUTE FUNCTION judging_notes_guard();

CREATE FUNCTION judging_figures_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.parts, NEW.factor, NEW.bonus, NEW.penalty) IS DISTINCT FROM (OLD.parts, OLD.factor, OLD.bonus, OLD.penalty)
    AND (SELECT state FROM judging_session WHERE id = NEW.session_id FOR SHARE) IN ('locked', 'published') THEN
    RAISE EXCEPTION '评审会已锁定，其他部分得分和加减分不能再改。' USING ERRCODE = 'check_violation', CONSTRAINT = 'judging_figures_guard';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER judging_figures_guard BEFORE UPDATE ON judging_entry FOR EACH ROW EXECUTE FUNCTION judging_figures_guard();
"""

REVERSE = """
DROP TRIGGER judging_figures_guard ON judging_entry;
DROP FUNCTION judging_figures_guard();
DROP TRIGGER judging_notes_guard ON judging_session;
DROP FUNCTION judging_notes_guard();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('judging', '0002_guards'),
        ('projects', '0004_drafts_may_be_out_of_balance'),
    ]

    operations = [
        migrations.AddField(
            model_name='entry',
            name='bonus',
            field=models.DecimalField(decimal_places=4, default=0, max_digits=9, verbose_name='加分'),
        ),
        migrations.AddField(
            model_name='entry',
            name='factor',
            field=models.DecimalField(decimal_places=4, default=1, max_digits=7, verbose_name='系数'),
        ),
        migrations.AddField(
            model_name='entry',
            name='parts',
            field=models.JSONField(blank=True, default=dict, help_text='part of the rule → decimal string', verbose_name='其他部分得分'),
        ),
        migrations.AddField(
            model_name='entry',
            name='penalty',
            field=models.DecimalField(decimal_places=4, default=0, max_digits=9, verbose_name='扣分'),
        ),
        migrations.AddField(
            model_name='session',
            name='notes',
            field=models.JSONField(blank=True, default=dict, help_text='{"anchors": {criterion key: [[grade, sentence], …]}}, beside the rule', verbose_name='评分说明'),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.CheckConstraint(condition=models.Q(('bonus__gte', 0), ('factor__gt', 0), ('penalty__gte', 0)), name='entry_figures_not_negative', violation_error_message='系数应大于 0，加分和扣分不能为负数。'),
        ),
        migrations.RunSQL(FORWARD, REVERSE),
    ]
