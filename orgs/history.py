"""Why something changed: the reason and the person behind every history row."""

import pghistory


def because(reason: str, *, by=None, **more):
    """Context in which changes are written: ``with because("换届", by=person): ...``.

    Every history row (pghistory event) inside carries the reason and the person's id.
    """
    return pghistory.context(reason=str(reason), person=getattr(by, "pk", None), **more)
