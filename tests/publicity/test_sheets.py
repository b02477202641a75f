"""The QR code on sheets and orders."""

import base64
import re

import pytest
import qrcode

from publicity.sheets import qr_picture


@pytest.mark.parametrize("text", ["/exchange/pick/K7HM3QWD/", "/" + "字" * 60])
def test_the_drawing_is_the_code_cell_by_cell(text):
    head, _, body = qr_picture(text).partition(";base64,")
    drawn = base64.b64decode(body).decode()
    dark = {
        (int(x) + step, int(y))
        for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawn)
        for step in range(int(length))
    }
    code = qrcode.QRCode(border=0)
    code.add_data(text)
    code.make(fit=True)
    white = 2
    wanted = {
        (x + white, y + white)
        for y, row in enumerate(code.modules)
        for x, is_dark in enumerate(row)
        if is_dark
    }
    assert head == "data:image/svg+xml"
    assert dark == wanted
    side = len(code.modules) + 2 * white
    assert f'viewBox="0 0 {side} {side}"' in drawn
