"""All writes of this app, by their verbs."""

from reminders.services.remind import remind, remind_closing_drafts
from reminders.services.settings import make_feed, revoke_feed, save_rule, save_wish

__all__ = ["make_feed", "remind", "remind_closing_drafts", "revoke_feed", "save_rule", "save_wish"]
