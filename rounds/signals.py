"""What has happened in a round, for apps above. Sent inside the transaction."""

from django.dispatch import Signal

question_answered = Signal()  # question: Question, at: datetime
