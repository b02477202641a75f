"""What others may listen to."""

from django.dispatch import Signal

# An issue moved: sent by every verb (posting too: "submit") at the end of its transaction, with
# ``record`` (the issue) and ``move`` (rules.workflow.Move). A receiver that fails undoes the verb.
moved = Signal()
