"""Pictures to send, drawn here."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

from grids import photos


def jpeg(size=(800, 600), *, kind="JPEG", exif=None, colour="#7d8a74") -> bytes:
    image = Image.new("RGB", size, colour)
    draw = ImageDraw.Draw(image)
    draw.rectangle([size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2], fill="#d9b35a")
    out = io.BytesIO()
    more = {"exif": exif} if exif is not None else {}
    image.save(out, kind, **more)
    return out.getvalue()


def upload(data: bytes | None = None, name="灯.jpg", content_type="image/jpeg"):
    return SimpleUploadedFile(name, data if data is not None else jpeg(), content_type)


def ready(count=1) -> list[photos.Ready]:
    return [photos.read(upload(jpeg(colour=colour))) for colour in ["#7d8a74", "#5b6f8a"] * 3][
        :count
    ]
