"""All writes of this app, by their verbs."""

from messaging.services.again import send_again, speak_again
from messaging.services.each import Telling, notify_each
from messaging.services.inbox import mark_all_read, mark_read, ring
from messaging.services.mass import (
    approve_mass,
    draft_mass,
    edit_mass,
    preview_of,
    release_mass,
    return_mass,
    submit_mass,
)
from messaging.services.notify import notify
from messaging.services.preferences import save_preference
from messaging.services.quiet import quiet_hours_now, save_quiet_hours
from messaging.services.recall import recall_occasion
from messaging.services.robots import save_robot
from messaging.services.send import send_due_deliveries
from messaging.services.wordings import current_wording, reset_wording, save_wording

__all__ = [
    "Telling",
    "approve_mass",
    "current_wording",
    "draft_mass",
    "edit_mass",
    "mark_all_read",
    "mark_read",
    "notify",
    "notify_each",
    "preview_of",
    "quiet_hours_now",
    "recall_occasion",
    "release_mass",
    "reset_wording",
    "return_mass",
    "ring",
    "save_preference",
    "save_quiet_hours",
    "save_robot",
    "save_wording",
    "send_again",
    "send_due_deliveries",
    "speak_again",
    "submit_mass",
]
