"""Images of values."""

from __future__ import annotations

import base64
import struct
import zlib

from hunt.reports import png


def decoded(url: str) -> tuple[int, int, list[tuple[int, ...]]]:
    """Return width, height and pixels of a ``data:`` address, as a browser reads them."""
    head, _, text = url.partition(",")
    assert head == "data:image/png;base64"
    data = base64.b64decode(text)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    place, chunks = 8, {}
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        name, content = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        (check,) = struct.unpack_from(">I", data, place + 8 + length)
        assert check == zlib.crc32(name + content)
        chunks[name] = content
        place += 12 + length
    width, height, depth, kind, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, kind, rest) == (8, 3, [0, 0, 0])
    lines = zlib.decompress(chunks[b"IDAT"])
    assert len(lines) == height * (width + 1)
    palette = chunks[b"PLTE"]
    pixels = []
    for row in range(height):
        start = row * (width + 1)
        assert lines[start] == 0
        line = lines[start + 1 : start + 1 + width]
        pixels += [tuple(palette[3 * index : 3 * index + 3]) for index in line]
    return width, height, pixels


def test_image_has_the_colours_of_its_values() -> None:
    width, height, pixels = decoded(png.data_url([0, 0.5, 1, 2, -1, 0.25], 3))
    assert (width, height) == (3, 2)
    assert pixels[0] == pixels[4] == png.RAMP[0]
    assert pixels[2] == pixels[3] == png.RAMP[-1]
    assert pixels[1] not in {pixels[0], pixels[2], pixels[5]}


def test_colours_become_lighter() -> None:
    light = [sum(png.colour(share / 10)) for share in range(11)]
    assert light == sorted(light)
    assert png.colour(0.2) == png.RAMP[1]
