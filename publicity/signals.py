"""What became of a notice, for the apps above: sent inside the verb's transaction, at its end.

``sender`` is Notice; every signal carries ``notice`` and ``move`` (a ``rules.workflow.Move``).
A receiver finds its own record by ``notice.kind`` and ``notice.subject``; if it raises, nothing
of the verb happens.
"""

from django.dispatch import Signal

published = Signal()
objected = Signal()
answered = Signal()
closed = Signal()  # notice.result, notice.correction
withdrawn = Signal()
