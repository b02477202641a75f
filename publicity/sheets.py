"""The sheet for the building door: a QR code that leads to the page."""

import base64
from itertools import groupby

import qrcode
from django.conf import settings


def address(request, path: str) -> str:
    """The page's whole address, as it is printed and scanned."""
    return (
        f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)
    )


def qr_picture(text: str) -> str:
    """A QR code as the source of an <img>: SVG in a data address, which the CSP allows."""
    code = qrcode.QRCode(border=0)
    code.add_data(text)
    code.make(fit=True)
    return f"data:image/svg+xml;base64,{base64.b64encode(_svg(code.modules).encode()).decode()}"


def _svg(modules: list[list[bool]]) -> str:
    """One path, a stroke for each dark run of a row: half the time of a square for each module,
    and a third of the length. Two modules of white around it.
    """
    runs = []
    for y, row in enumerate(modules):
        x = 0
        for dark, group in groupby(row):
            length = len(list(group))
            if dark:
                runs.append(f"M{x + 2} {y + 2}h{length}v1h-{length}z")
            x += length
    side = len(modules) + 4
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" width="{side}mm"'
        f' height="{side}mm"><path d="{"".join(runs)}"/></svg>'
    )
