"""Computes anew those tiles of the reference stacks whose formulas this project has changed, in floating point.

    python3 make.py      (in this folder; needs numpy and Pillow)

A stack is a photograph with the photograph after each case of `tests/it/tone.rs` below it. Formulas: docs/adr/0018.
"""

import numpy as np
from PIL import Image, ImageFilter

LUMA = np.array([0.2126, 0.7152, 0.0722])
# place in the stack: the photograph is 0, the cases follow in the order of tests/it/tone.rs
AUTO_LEVEL, SHADOW_UP, SHADOW_DOWN, VIBRANCE_UP, VIBRANCE_DOWN = 2, 5, 6, 9, 10
BRIGHTER, DARKER, MORE_CONTRAST, LESS_CONTRAST, SELENIUM = 17, 18, 19, 20, 27
TILES = 43


def linear(x):
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


def encoded(x):
    x = np.clip(x, 0, 1)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)


def smoothstep(low, high, x):
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def brightness(x, amount):
    return x / (x + (1 - x) * 2.0 ** (-2 * amount))


def contrast(x, amount):
    steep = abs(8 * amount)
    logistic = lambda v: 1 / (1 + np.exp(-steep * (v - 0.5)))
    low, high = logistic(0.0), logistic(1.0)
    if amount > 0:
        return (logistic(x) - low) / (high - low)
    return 0.5 - np.log(1 / (low + x * (high - low)) - 1) / steep


def around(luma, share):
    sigma = max(luma.shape) * share
    blurred = Image.fromarray((luma * 255).astype("u1")).filter(ImageFilter.GaussianBlur(sigma))
    return np.asarray(blurred) / 255.0


def shadow(x, amount):
    luma = x @ LUMA
    dark = 1 - smoothstep(0, 0.55, around(luma, 0.02))
    room = 1 - (x.max(-1) if amount > 0 else luma)
    strength = amount if amount > 0 else 0.6 * amount
    return x * (1 + 1.3 * strength * dark * room**1.5)[..., None]


def vibrance(x, amount):
    most, least = x.max(-1, keepdims=True), x.min(-1, keepdims=True)
    chroma = np.maximum(most - least, 1e-6)
    red, green, blue = x[..., :1], x[..., 1:2], x[..., 2:]
    sixth = np.where(
        most == red,
        ((green - blue) / chroma) % 6,
        np.where(most == green, (blue - red) / chroma + 2, (red - green) / chroma + 4),
    )
    skin = np.exp(-(((sixth * 60 - 25) / 18) ** 2))
    strength = (most - least) / np.maximum(most, 1e-6)
    factor = 1 + amount * (1 - strength) ** 1.5 * (1 - 0.5 * skin)
    grey = (x @ LUMA)[..., None]
    return grey + (x - grey) * factor


def auto_level(x):
    small = Image.fromarray((x * 255 + 0.5).astype("u1"))
    small.thumbnail((128, 128))
    small = np.asarray(small) / 255.0
    clipped = (small >= 250 / 255).any(-1) | (small <= 4 / 255).all(-1)
    light = linear(small)
    edges = np.abs(light[1:, :-1] - light[:-1, :-1]) + np.abs(light[:-1, 1:] - light[:-1, :-1])
    kept = ~(clipped[:-1, :-1] | clipped[1:, :-1] | clipped[:-1, 1:])
    norm = (edges[kept] ** 6).mean(0) ** (1 / 6) + 1e-6
    most, least = small.max(-1), small.min(-1)
    strong = (most >= 0.1) & (most - least >= 0.4 * most)
    hues = np.exp(1j * np.arctan2(np.sqrt(0.75) * (small[..., 1] - small[..., 2]), small[..., 0] - 0.5 * (small[..., 1] + small[..., 2])))
    share = np.abs(hues[strong].sum()) / strong.size
    gains = np.clip(norm.mean() / norm, 0.55, 1.8) ** (1 - 0.75 * smoothstep(0.35, 0.75, share))
    return encoded(linear(x) * gains / (LUMA * gains).sum())


def curve(points, x):
    """The monotone cubic of Fritsch and Carlson (SIAM 1980) for points at equal distances."""
    xs, ys = np.array(points).T
    slopes = np.diff(ys) / np.diff(xs)
    tangents = np.r_[slopes[0], (slopes[:-1] + slopes[1:]) / 2, slopes[-1]]
    for i, slope in enumerate(slopes):
        a, b = tangents[i] / slope, tangents[i + 1] / slope
        if a * a + b * b > 9:
            tangents[i : i + 2] = 3 / np.hypot(a, b) * np.array([a, b]) * slope
    i = np.clip(np.searchsorted(xs, x, "right") - 1, 0, len(slopes) - 1)
    width = xs[i + 1] - xs[i]
    t = (x - xs[i]) / width
    return (
        (2 * t**3 - 3 * t**2 + 1) * ys[i]
        + (t**3 - 2 * t**2 + t) * width * tangents[i]
        + (3 * t**2 - 2 * t**3) * ys[i + 1]
        + (t**3 - t**2) * width * tangents[i + 1]
    )


def selenium(x):
    grey = curve([(0, 0), (0.25, 0.18), (0.5, 0.5), (0.75, 0.82), (1, 1)], np.clip(x @ [0.30, 0.59, 0.11], 0, 1))[..., None]
    return grey + (1 - grey) ** 2 * np.array([0.05, -0.005, 0.035]) + grey**2 * np.array([0.01, -0.01, -0.05])


CASES = {
    AUTO_LEVEL: auto_level,
    SHADOW_UP: lambda x: shadow(x, 1),
    SHADOW_DOWN: lambda x: shadow(x, -1),
    VIBRANCE_UP: lambda x: vibrance(x, 1),
    VIBRANCE_DOWN: lambda x: vibrance(x, -1),
    BRIGHTER: lambda x: brightness(x, 0.3),
    DARKER: lambda x: brightness(x, -0.3),
    MORE_CONTRAST: lambda x: contrast(x, 0.4),
    LESS_CONTRAST: lambda x: contrast(x, -0.4),
    SELENIUM: selenium,
}

for name in ("china", "astronaut", "rocket"):
    stack = np.asarray(Image.open(f"{name}.png").convert("RGB")).copy()
    height = len(stack) // TILES
    photograph = stack[:height] / 255.0
    for place, case in CASES.items():
        tile = np.clip(case(photograph), 0, 1)
        stack[place * height : (place + 1) * height] = (tile * 255 + 0.5).astype("u1")
    Image.fromarray(stack).save(f"{name}.png", optimize=True)
