"""Which columns of which tables are followed: their old and new values go to audit_change by a trigger.

Personal data is named in the third place: only that it changed is kept. The portal stands above all apps, so the list stands here.
A later migration that follows another column drops the table's trigger and makes it anew.
"""

from django.db import migrations

# label → (table, columns with their values, columns without, extra condition)
FOLLOWED = {
    "needs.need": (
        "needs_need",
        "community_id,grid_id,channel,category,people_count,urgency,state,route,level,tier,department,handler_id,deputy_id,due_on,"
        "held_until,merged_into_id,refusal_reason,public_words",
        "words,contact_name,contact_phone", "",
    ),
    "needs.serviceorder": (
        "needs_serviceorder",
        "community_id,round_id,title,category,target,content,price_ceiling,mode,buyer,fund_source,service_from,service_until,"
        "claims_close_at,directed_to_id,directed_reason,state,withdrawn_reason",
        "", "",
    ),
    "needs.claim": ("needs_claim", "plan,schedule,people,price,state,reason", "", ""),
    "needs.pledge": ("needs_pledge", "words,amount,state,reason", "", ""),
    "projects.proposal": (
        "projects_proposal",
        "organization_id,community_id,theme_id,title,starts_on,ends_on,beneficiaries,volunteers,requested,minimum,state,receipt_number",
        "", "WHEN (OLD.state <> 'draft' OR NEW.state <> 'draft')",
    ),
    "organizations.organization": (
        "organizations_organization",
        "kind,name,uscc,community_id,legal_name,secretary,supporter,founded_on,licence_until,business,inspection,grade,moved_in_on,"
        "moved_out_on",
        "", "",
    ),
    "organizations.membership": ("organizations_membership", "duty", "", ""),
    "organizations.bankaccount": ("organizations_bankaccount", "bank,confirmed_by_id,how", "holder,account", ""),
    "rounds.round": (
        "rounds_round",
        "title,number,year,intro,scale,paper,organizer,co_organizers,mode,buyer,fund_source,applicant_kinds,budget,cap,apply_opens_at,"
        "apply_closes_at,asks_until,duration,kind_caps,head_limits,indicators,entries,takes_waivers,grace_hours,rubric,allocation,"
        "conditions,process,requirements,contact,promise,opinion,papers,sections,page_lines,notice_days,objection_contact,state",
        "", "",
    ),
    "rounds.question": ("rounds_question", "state,public_words,answer,reason", "asker,words", ""),
    "funding.allocationplan": (
        "funding_allocationplan",
        "pool,method,terms,state,decided_by_id,decision_note,minutes_number,minutes_on,entitled,present,recused_members",
        "", "",
    ),
    "funding.award": ("funding_award", "amount,proposed,place,code,reason,adjust_reason", "", ""),
    "funding.agreement": ("funding_agreement", "state,amount,end_reason", "payee_name,payee_bank,payee_account", ""),
    "funding.agreementversion": (
        "funding_agreementversion", "state,reason,decided_by_id,decision_note,signed_on,recorded_by_id", "content,scan_id", "",
    ),
    "funding.instalment": ("funding_instalment", "title,amount,conditions,spend_rate,due_on", "", ""),
    "funding.payment": (
        "funding_payment",
        "amount,state,words,spent,checked_by_id,approved_by_id,paid_by_id,paid_on,voucher,closed_by_id,close_reason",
        "payee", "",
    ),
}  # fmt: skip


def trigger(label: str) -> tuple[str, str]:
    """SQL that follows a table, and SQL that lets it go."""
    table, shown, hidden, when = FOLLOWED[label]
    name = f"{table}_followed"
    make = (
        f"CREATE TRIGGER {name} AFTER UPDATE ON {table} FOR EACH ROW {when} "
        f"EXECUTE FUNCTION audit_follow('{label}', '{shown}', '{hidden}');"
    )
    return make, f"DROP TRIGGER IF EXISTS {name} ON {table};"


class Migration(migrations.Migration):
    # of each app only the migration that made the table: a later one may be taken back without this one
    dependencies = [
        ("audit", "0004_changes"),
        ("funding", "0007_agreement"),
        ("needs", "0012_resources"),
        ("organizations", "0007_accounts_and_party"),
        ("projects", "0001_initial"),
        ("rounds", "0003_setup"),
    ]
    operations = [migrations.RunSQL(*trigger(label)) for label in FOLLOWED]
