"""Messages of this app. Each is looked at again when it is sent: what has been done since is left out."""

from datetime import timedelta

from messaging.kinds import Kind, register
from reminders.services.recheck import still_open

DIGEST = register(Kind("reminders.digest", "期限提醒汇总", useful=timedelta(hours=20), recheck=still_open))
SINGLE = register(Kind("reminders.deadline", "期限提醒", useful=timedelta(days=2), recheck=still_open))
