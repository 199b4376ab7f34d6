"""Writes a picture of a page smaller: `python3 smaller.py FROM.png TO.png`.

A browser writes PNG quickly, with four bytes a point. A page has few colours: most points are among the 256 most frequent, and the shades at the edges of
letters are replaced by the nearest of these, one byte a point. Same bytes in, same bytes out.
"""

import struct
import sys
import zlib
from collections import Counter


def chunks(data):
    at = 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def paeth(left, up, corner):
    guess = left + up - corner
    far = (abs(guess - left), abs(guess - up), abs(guess - corner))
    return left if far[0] <= far[1] and far[0] <= far[2] else up if far[1] <= far[2] else corner


def points(data):
    """Width, height, and the colours of all points as tuples."""
    parts = list(chunks(data))
    width, height, depth, kind, *rest = struct.unpack(">IIBBBBB", parts[0][1])
    if depth != 8 or kind not in (2, 6) or rest[2] != 0:
        sys.exit("the picture is not of the kind that a browser writes")
    step = 3 if kind == 2 else 4
    raw = zlib.decompress(b"".join(body for name, body in parts if name == b"IDAT"))
    line = bytearray(width * step)
    colours = []
    for row in range(height):
        start = row * (width * step + 1)
        how, now = raw[start], bytearray(raw[start + 1 : start + 1 + width * step])
        for at in range(len(now)):
            left = now[at - step] if at >= step else 0
            corner = line[at - step] if at >= step else 0
            up = line[at]
            now[at] = (now[at] + (0, left, up, (left + up) // 2, paeth(left, up, corner) if how == 4 else 0)[how]) & 255
        colours.extend(tuple(now[at : at + 3]) for at in range(0, len(now), step))
        line = now
    return width, height, colours


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def main(source, target):
    width, height, colours = points(open(source, "rb").read())
    counted = Counter(colours)
    palette = sorted(counted, key=lambda colour: (-counted[colour], colour))[:256]
    number = {colour: at for at, colour in enumerate(palette)}
    for colour in counted:
        if colour not in number:
            number[colour] = min(range(len(palette)), key=lambda at: sum((a - b) ** 2 for a, b in zip(palette[at], colour)))
    rows = (bytes([0]) + bytes(number[colour] for colour in colours[row * width : (row + 1) * width]) for row in range(height))
    with open(target, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)))
        file.write(chunk(b"PLTE", b"".join(bytes(colour) for colour in palette)))
        file.write(chunk(b"IDAT", zlib.compress(b"".join(rows), 9)) + chunk(b"IEND", b""))


main(*sys.argv[1:])
