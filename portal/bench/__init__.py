"""``make bench``: what things cost, as ratios measured inside one run.

A group is a function without arguments that returns Results; ``GROUPS`` names them. Absolute
times depend on the machine and its mood, so every time stands against another of the same run.
"""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Result:
    """One measured figure.

    ``ratio`` is ``value`` divided by the value of ``against``; without ``against`` the figure
    itself is held against ``goal``. ``goal``: at most this much, or ``at_least`` (``None``: only
    told).
    """

    group: str
    name: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None
    goal: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        figure = self.value if self.ratio is None else self.ratio
        return figure >= self.goal if self.at_least else figure <= self.goal

    def as_row(self) -> dict:
        return {**asdict(self), "met": self.met}


def groups() -> dict:
    """Name → function; imported late, since a group imports the apps it measures."""
    from portal.bench.counter import counter
    from portal.bench.ledger import posting
    from portal.bench.month import month
    from portal.bench.pages import pages
    from portal.bench.volume import volume

    return {
        "pages": pages,
        "volume": volume,
        "month": month,
        "counter": counter,
        "ledger": posting,
    }


UNSEEDED = {"ledger"}  # groups that need no demo street
