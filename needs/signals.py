"""What is about to happen to a service order, for apps above. Sent inside the transaction, the order's row locked."""

from django.dispatch import Signal

order_withdrawing = Signal()  # order: ServiceOrder; a receiver refuses by a DomainError, or names organizations to tell
