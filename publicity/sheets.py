"""The sheet for the building door: a QR code that leads to the page."""

import base64
import io

import qrcode
from django.conf import settings
from qrcode.image.svg import SvgPathImage


def address(request, path: str) -> str:
    """The page's whole address, as it is printed and scanned."""
    return (
        f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)
    )


def qr_picture(text: str) -> str:
    """A QR code as the source of an <img>: SVG in a data address, which the CSP allows."""
    code = qrcode.QRCode(box_size=10, border=2, image_factory=SvgPathImage)
    code.add_data(text)
    code.make(fit=True)
    out = io.BytesIO()
    code.make_image().save(out)
    return f"data:image/svg+xml;base64,{base64.b64encode(out.getvalue()).decode()}"
