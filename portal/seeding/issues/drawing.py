"""Pictures for the demo, drawn here: a street of houses under a sky of some hour."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

from grids import photos

SKIES = [
    ((146, 178, 204), (232, 222, 204)),
    ((42, 52, 78), (120, 96, 92)),
    ((206, 190, 164), (240, 232, 216)),
]


def pictures(rng, count: int) -> list[photos.Ready]:
    return [
        photos.read(SimpleUploadedFile(f"{n}.jpg", _drawing(rng), "image/jpeg"))
        for n in range(count)
    ]


def _drawing(rng) -> bytes:
    width, height = 960, 720
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    top, low = rng.choice(SKIES)
    for y in range(height):
        share = y / height
        draw.line(
            [(0, y), (width, y)],
            fill=tuple(round(a + (b - a) * share) for a, b in zip(top, low, strict=True)),
        )
    x = -40
    while x < width:
        wide, tall = rng.randint(120, 220), rng.randint(220, 460)
        wall = rng.randint(96, 168)
        draw.rectangle(
            [x, height - 120 - tall, x + wide, height - 120], fill=(wall, wall - 12, wall - 26)
        )
        for row in range(height - 100 - tall, height - 170, 52):
            for column in range(x + 18, x + wide - 30, 46):
                lit = rng.random() < 0.35
                draw.rectangle(
                    [column, row, column + 24, row + 28],
                    fill=(238, 206, 132) if lit else (wall - 44, wall - 40, wall - 34),
                )
        x += wide + rng.randint(8, 40)
    draw.rectangle([0, height - 120, width, height], fill=(118, 112, 106))
    draw.line([(0, height - 62), (width, height - 62)], fill=(226, 216, 190), width=6)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()
