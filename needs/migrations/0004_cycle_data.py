"""Needs of before get their history and the keys by which they are found."""

import re
from unicodedata import normalize
from zlib import crc32

from django.db import migrations
from pypinyin import Style, lazy_pinyin

RUN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+|[a-z]+|\d+")

POSTED = """
INSERT INTO needs_needstep (need_id, act, from_state, to_state, words, by_id, by_name, by_role, at)
SELECT n.id, 'post', '', 'collected', '', n.posted_by_id, COALESCE(u.display_name, ''), '', n.collected_at
FROM needs_need n LEFT JOIN accounts_user u ON u.id = n.posted_by_id ORDER BY n.id
"""
# What came after stands in the record of operations; closed ones have none there
LATER = """
INSERT INTO needs_needstep (need_id, act, from_state, to_state, words, by_id, by_name, by_role, at)
SELECT n.id, CASE n.state WHEN 'refused' THEN 'refuse' WHEN 'closed' THEN 'close' ELSE 'order' END, 'collected', n.state,
  n.refusal_reason, e.actor_id, COALESCE(u.display_name, ''), '', COALESCE(e.at, n.collected_at)
FROM needs_need n
LEFT JOIN LATERAL (
  SELECT actor_id, at FROM audit_event
  WHERE object_label = 'needs.need' AND object_id = n.id AND verb = 'needs.refused' ORDER BY id DESC LIMIT 1
) e ON true
LEFT JOIN accounts_user u ON u.id = e.actor_id
WHERE n.state <> 'collected' ORDER BY n.id
"""


def _grams(text):
    found = {}
    for run in RUN.findall(normalize("NFKC", text).lower()):
        if len(run) == 1:
            found[run] = None
        for i in range(len(run) - 1):
            found[run[i : i + 2]] = None
    return list(found)[:240]


def _key(scope, gram):
    value = crc32(f"{scope}:{gram}".encode())
    return value - (1 << 32) if value >= 1 << 31 else value


def fill_keys(apps, schema_editor):
    need_model = apps.get_model("needs", "Need")
    changed = []
    for need in need_model.objects.only("id", "words", "street_id", "community_id").iterator(chunk_size=2000):
        scopes = (f"c{need.community_id}", f"s{need.street_id}")
        letters = "".join(lazy_pinyin(need.words[:200], style=Style.FIRST_LETTER, errors="ignore")).lower()[:120]
        threes = dict.fromkeys(letters[i : i + 3] for i in range(len(letters) - 2))
        need.initials = letters
        need.keys = [_key(s, g) for s in scopes for g in _grams(need.words)]
        need.keys += [_key(f"{s}i", g) for s in scopes for g in threes]
        changed.append(need)
        if len(changed) == 2000:
            need_model.objects.bulk_update(changed, ["keys", "initials"])
            changed = []
    need_model.objects.bulk_update(changed, ["keys", "initials"])


class Migration(migrations.Migration):
    dependencies = [("needs", "0003_cycle"), ("audit", "0001_initial"), ("accounts", "0001_initial")]
    operations = [
        migrations.RunSQL(POSTED, "DELETE FROM needs_needstep"),
        migrations.RunSQL(LATER, migrations.RunSQL.noop),
        migrations.RunPython(fill_keys, migrations.RunPython.noop),
    ]
