#!/usr/bin/env python3
"""Measures what the parts of an SVG cost to draw: the numbers in crates/vips-ops/src/source/svg/weights.rs.

    python3 -m pip install --target /tmp/weights pyvips==3.* pyvips-binary==8.18.7
    PYTHONPATH=/tmp/weights loadtests/svg_weights.py

CPU time of one thread, in nanoseconds a pixel (filters, layers) or a thing (paths, text), less what an empty drawing takes.
"""
import os
import random
import time

os.environ["VIPS_CONCURRENCY"] = "1"

import pyvips  # noqa: E402

SIDE = 1000
PIXELS = SIDE * SIDE


def seconds(body):
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIDE}" height="{SIDE}">'
    text = f"{head}{body}</svg>".encode()
    began = time.process_time()
    pyvips.Image.svgload_buffer(text, access="sequential").avg()
    return time.process_time() - began


def told(name, body, things):
    best = min(seconds(body) for _ in range(3)) - EMPTY
    print(f"{name:34} {best * 1e9 / things:12.1f}")


def filtered(primitive):
    region = 'x="0" y="0" width="100%" height="100%"'
    return f'<filter id="f" {region}>{primitive}</filter><rect width="{SIDE}" height="{SIDE}" filter="url(#f)"/>'


def pattern(transform, side):
    tile = f'width="{side}" height="{side}" patternUnits="userSpaceOnUse" patternTransform="{transform}"'
    return (
        f'<pattern id="p" {tile}><rect width="{side / 2}" height="{side / 2}"/></pattern>'
        f'<rect width="{SIDE}" height="{SIDE}" fill="url(#p)"/>'
    )


def scribble(points):
    chosen = random.Random(1)
    return "M0 0" + "".join(f"L{chosen.random() * SIDE:.1f} {chosen.random() * SIDE:.1f}" for _ in range(points))


pyvips.cache_set_max(0)
seconds("")
EMPTY = min(seconds(f'<rect width="{SIDE}" height="{SIDE}"/>') for _ in range(5))
print(f"{'what':34} {'ns':>12}")
for name, primitive in {
    "feFlood": "<feFlood/>",
    "feTurbulence, 1 octave": '<feTurbulence baseFrequency=".07"/>',
    "feTurbulence, 10 octaves": '<feTurbulence baseFrequency=".07" numOctaves="10"/>',
    "feMorphology 1": '<feMorphology operator="dilate" radius="1"/>',
    "feMorphology 10": '<feMorphology operator="dilate" radius="10"/>',
    "feMorphology 50": '<feMorphology operator="dilate" radius="50"/>',
    "feGaussianBlur 1.9": '<feGaussianBlur stdDeviation="1.9"/>',
    "feGaussianBlur 20": '<feGaussianBlur stdDeviation="20"/>',
    "feConvolveMatrix 3": f'<feConvolveMatrix order="3" kernelMatrix="{"1 " * 9}"/>',
    "feConvolveMatrix 9": f'<feConvolveMatrix order="9" kernelMatrix="{"1 " * 81}"/>',
    "feSpecularLighting": '<feSpecularLighting><fePointLight x="9" y="9" z="9"/></feSpecularLighting>',
    "feColorMatrix": '<feColorMatrix type="hueRotate" values="90"/>',
    "feBlend": '<feBlend in2="SourceGraphic" mode="luminosity"/>',
    "feDisplacementMap": '<feDisplacementMap in2="SourceGraphic" scale="20"/>',
    "feDropShadow": '<feDropShadow dx="2" dy="2" stdDeviation="5"/>',
}.items():
    told(f"{name}, a pixel", filtered(primitive), PIXELS)
square = '<rect width="20" height="20"/>'
told("layer, a pixel of the picture", f'<g opacity=".5">{square}</g>' * 100, 100 * PIXELS)
told("layer in layer, a pixel", '<g opacity=".9">' * 40 + square + "</g>" * 40, 40 * PIXELS)
told("mask, a pixel", f'<mask id="m">{square}</mask>' + '<g mask="url(#m)"><rect width="9" height="9"/></g>' * 100, 100 * PIXELS)
told("pattern, turned, a pixel and step", pattern("rotate(45)", 10), 105 * PIXELS)
told("pattern, far, a pixel and step", pattern("rotate(45) translate(-5000 -5000)", 10), 1000 * PIXELS)
told("pattern, whole pixels, a pixel", pattern("", 10), PIXELS)
told("path, filled, a crossing", f'<path d="{scribble(3000)}"/>', 3000**2 * 0.521**2 / 3.14159)
told("text, 1000 characters, each", f"<text y='50'>{'hello you ' * 100}</text>", 1000)
told("text, 10,000 characters, each", f"<text y='50'>{'hello you ' * 1000}</text>", 10_000)
