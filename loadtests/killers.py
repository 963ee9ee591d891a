#!/usr/bin/env python3
"""Asks for pictures that are dear, hostile or both, and prints what each costs a server.

    python3 loadtests/killers.py [--binary PATH] [--shared FOLDER]

Then the ones that took most memory are asked for two at a time. For each: status, seconds until the answer, CPU seconds spent after it, seconds of an ordinary miss right behind it, and the largest
memory of server and workers together. Exits with 1 when an answer comes later than deadline + 0.5 s, more than 0.2 s
of CPU is spent after it, or the next miss takes 1 s or more. --shared: a folder with trials/inputs/svg-*.svg.
"""
import argparse
import itertools
import os
import shutil
import struct
import sys
import tempfile
import threading
import time
import zlib

from pixmill import OPTIMISED, ROOT, Server

DEADLINE = 5
OVERDUE = 0.5
CPU_AFTER = 0.2
NEXT_MISS = 1.0


def svg(body, size=1000):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'width="{size}" height="{size}">{body}</svg>').encode()


def filtered(primitive, size=4000):
    return svg(f'<filter id="f" x="0" y="0" width="1" height="1">{primitive}</filter>'
               f'<rect width="{size}" height="{size}" fill="red" filter="url(#f)"/>', size)


def png(width, height):
    """Noise-free, but large when decoded."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    packer, data = zlib.compressobj(9), b""
    row = b"\0" + bytes(range(256)) * (3 * width // 256) + bytes(3 * width % 256)
    for _ in range(height):
        data += packer.compress(row)
    data += packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def gif(frames, width=300, height=200):
    """Frames of one colour each; the codes are clear, one literal and the rest by a growing table."""
    palette = bytes(itertools.chain.from_iterable((i * 40, 255 - i * 40, 128) for i in range(4)))
    out = b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF1, 0, 0) + palette
    out += b"\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0"
    for index in range(frames):
        out += b"\x21\xF9\x04\0\x05\0\0\0" + b"\x2C" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02"
        data = uncompressed(index % 4, width * height)
        out += b"".join(bytes([len(part)]) + part for part in (data[i:i + 255] for i in range(0, len(data), 255)))
        out += b"\0"
    return out + b";"


def uncompressed(colour, count):
    """LZW that clears its table before it grows: three bits a code throughout."""
    clear, end, bits, length, out = 4, 5, 0, 0, bytearray()
    codes = itertools.chain(itertools.chain.from_iterable([clear, colour, colour] for _ in range((count + 1) // 2)), [end])
    for code in codes:
        bits |= code << length
        length += 3
        while length >= 8:
            out.append(bits & 255)
            bits, length = bits >> 8, length - 8
    out.append(bits & 255)
    return bytes(out)


def originals(folder, shared):
    files = {
        "small.png": png(64, 64),
        "large.png": png(9000, 8800),
        "frames.gif": gif(500),
        "morphology.svg": filtered('<feMorphology operator="dilate" radius="200"/>'),
        "blur.svg": filtered('<feGaussianBlur stdDeviation="900 1"/>' * 20),
        "turbulence.svg": filtered('<feTurbulence baseFrequency="0.05" numOctaves="99"/>' * 4),
        "pattern.svg": svg('<pattern id="p" width="0.01" height="0.01" patternUnits="userSpaceOnUse"><rect width="1" '
                           'height="1"/></pattern><rect x="-90000000" width="99999999" height="9999" fill="url(#p)"/>'),
    }
    for name, content in files.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
    sources = [(os.path.join(ROOT, "samples"), ["china.jpg"])]
    inputs = os.path.join(shared, "trials/inputs")
    drawings = []
    if os.path.isdir(inputs):
        drawings = [name for name in sorted(os.listdir(inputs)) if name.startswith("svg-") and name.endswith(".svg")]
        sources.append((inputs, drawings))
    else:
        print(f"skipped: no drawings in {inputs}", file=sys.stderr)
    for source, names in sources:
        for name in names:
            shutil.copy(os.path.join(source, name), folder)
    return drawings


def cases(drawings):
    yield "GIF 8900²", "small.png?width=8900&height=8900&crop=stretch&format=gif"
    yield "GIF 6300²", "small.png?width=6300&height=6300&crop=stretch&format=gif"
    yield "GIF 3990²", "small.png?width=3990&height=3990&crop=stretch&format=gif"
    yield "GIF 2000² of a photograph", "china.jpg?width=2000&height=2000&crop=stretch&format=gif"
    yield "AVIF 3990²", "small.png?width=3990&height=3990&crop=stretch&format=avif"
    yield "AVIF 3990² of a photograph", "china.jpg?width=3990&height=3990&crop=stretch&format=avif"
    yield "AVIF 3990², quality=auto", "china.jpg?width=3990&height=3990&crop=stretch&format=avif&quality=auto"
    yield "AVIF 64 MP", "small.png?width=8000&height=8000&crop=stretch&format=avif"
    yield "AVIF 39 MP", "small.png?width=6200&height=6200&crop=stretch&format=avif"
    yield "WebP 39 MP", "small.png?width=6200&height=6200&crop=stretch&format=webp"
    yield "79 MP, corrections", ("large.png?width=6000&auto_fix=true&auto_level=true&shadow=0.5&highlights=-0.5"
                                 "&vibrance=0.5&blur=100&filter=3&rotate=13")
    yield "79 MP, trim", "large.png?width=300&trim=color"
    yield "500 frames GIF", "frames.gif?width=1200&format=gif"
    yield "500 frames WebP", "frames.gif?width=290&format=webp&blur=20"
    yield "500 frames MP4", "frames.gif?width=1200&format=mp4"
    for name in ["turbulence", "morphology", "blur", "pattern"]:
        yield f"SVG {name}", f"{name}.svg?width=4000"
    for name in drawings:
        yield f"trial {name}", f"{name}?width=3000"


class Peak(threading.Thread):
    """The largest memory of a server and its workers until it is stopped."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.most, self.stopped = server, 0, threading.Event()
        self.start()

    def run(self):
        while not self.stopped.wait(0.03):
            self.most = max(self.most, self.server.resident())

    def stop(self):
        self.stopped.set()
        self.join()
        return self.most


def measure(server, path, number):
    peak, began = Peak(server), time.monotonic()
    status, _, body = server.get("/" + path)
    took, cpu = time.monotonic() - began, server.cpu()
    began = time.monotonic()
    following, _, _ = server.get(f"/china.jpg?width={300 + number}")
    miss = time.monotonic() - began
    time.sleep(1.5)
    # the ordinary miss is some 20 ms of it
    return status, took, server.cpu() - cpu, miss, following, peak.stop() / 2**20, body


def pairs(server, peaks):
    """The requests that took most memory, each with the next one at the same time: the largest memory of all."""
    dearest = [path for _, path in sorted(peaks, reverse=True)[:4]]
    print("\n| two at once | statuses | peak MB |\n|---|---|---|")
    for number, (one, other) in enumerate(zip(dearest, dearest[1:] + dearest[:1])):
        peak, statuses = Peak(server), []
        # another variant, so that nothing is answered from the cache
        ask = [threading.Thread(target=lambda path=f"/{path}&interlace={number % 2}&pad={number + 1 + second}":
                                statuses.append(server.get(path)[0])) for second, path in enumerate([one, other])]
        for thread in ask:
            thread.start()
        for thread in ask:
            thread.join()
        print(f"| {one} and {other} | {statuses} | {peak.stop() / 2**20:.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=OPTIMISED)
    parser.add_argument("--shared", default=os.path.join(ROOT, "../shared"))
    arguments = parser.parse_args()
    failures, peaks = [], []
    with tempfile.TemporaryDirectory() as folder:
        drawings = originals(folder, os.path.abspath(arguments.shared))
        settings = {"LIMITS__DEADLINE": f"{DEADLINE}s", "WORKERS__THREADS": "2", "WORKERS__QUARANTINE": "0s"}
        with Server(arguments.binary, folder, **settings) as server:
            print("| request | status | answer s | CPU after s | next miss s | peak MB |\n|---|---|---|---|---|---|")
            for number, (name, path) in enumerate(cases(drawings)):
                status, took, cpu, miss, following, peak, body = measure(server, path, number)
                print(f"| {name} | {status} | {took:.2f} | {cpu:.2f} | {miss:.2f} | {peak:.0f} |", flush=True)
                peaks.append((peak, path))
                fine = took <= DEADLINE + OVERDUE and cpu <= CPU_AFTER and miss < NEXT_MISS and following == 200
                if not fine or (status >= 500 and status != 504):
                    failures.append(f"{name}: {status} {body[:200] if status != 200 else ''}")
            pairs(server, peaks)
    if failures:
        sys.exit("out of bounds:\n" + "\n".join(failures))


if __name__ == "__main__":
    main()
