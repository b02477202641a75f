"""An SMS gateway for checks under production settings, where the console would be a warning."""

from inbox.channels import ConsoleSms


class Gateway(ConsoleSms):
    """Stands where a city's own gateway stands."""
