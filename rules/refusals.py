"""Refusals: what a person asked for cannot be done, said in words fit to show."""


class Refused(Exception):
    """The root of all refusals of ``rules``; ``str()`` is a Chinese sentence for the person."""
