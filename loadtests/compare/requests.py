"""Requests in terms that do not depend on the server."""
import random
from dataclasses import dataclass

from . import photos

# the ending of a file and the name of its format
FORMATS = {"jpg": "jpeg", "png": "png", "webp": "webp", "avif": "avif"}
ENDINGS = {name: ending for ending, name in FORMATS.items()}
# of the responses; PNG has none
QUALITY = {"jpeg": 80, "webp": 75, "avif": 65}


@dataclass(frozen=True)
class Request:
    """An image fitted inside width × height, or with `crop` cropped to cover it, around the centre."""

    photo: str
    source: str
    width: int
    height: int
    output: str
    crop: bool = False
    quality: int = 0

    @property
    def file(self):
        """The name of the original at the origin."""
        return f"{self.photo}.{ENDINGS[self.source]}"

    @property
    def converts(self):
        """Whether the response is in another format than the original."""
        return self.source != self.output

    def expected(self, width, height):
        """The size of the response if the original has this size."""
        if self.crop:
            return self.width, self.height
        scale = min(self.width / width, self.height / height, 1)
        return round(width * scale), round(height * scale)


def fitted(number, source, side, output=None):
    """Picture `number` of the set, fitted inside a square."""
    output = output or source
    return Request(photos.name(number), source, side, side, output, quality=QUALITY.get(output, 0))


def mixture(count, pictures, seed=20260101):
    """A fixed mixture: thumbnails more often than large images, JPEG most often, one in four cropped."""
    dice, found = random.Random(seed), []
    for number in range(count):
        side = int(100 * 16 ** dice.random())
        source = dice.choices(["jpeg", "png", "webp", "avif"], [6, 2, 3, 1])[0]
        output = dice.choices([source, "webp", "jpeg", "avif"], [10, 6, 3, 1])[0]
        crop = dice.random() < 0.25
        height = max(80, min(1000, int(side * dice.uniform(0.5, 1)))) if crop else side
        found.append(Request(photos.name(number % pictures), source, side, height, output, crop, QUALITY.get(output, 0)))
    return found


def distinct(pictures, seed):
    """An endless sequence of distinct requests: JPEG originals, small responses, any quality."""
    dice, seen = random.Random(seed), set()
    while True:
        width, height = (int(40 * 20 ** dice.random()) for _ in range(2))
        request = Request(photos.name(dice.randrange(pictures)), "jpeg", width, height, "jpeg", True, dice.randint(30, 95))
        if request not in seen:
            seen.add(request)
            yield request
