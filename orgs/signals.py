"""What orgs tells the apps above it, which it does not know."""

from django.dispatch import Signal

# ``area`` is about to go up in ``into`` (areas), in the transaction of the merge and before
# anything is written; with ``by`` and ``reason``. A receiver may raise ``areas.CannotMerge``.
merging = Signal()
