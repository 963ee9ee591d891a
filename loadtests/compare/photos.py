"""The photographs: available images, upscaled to 2040 pixels, with added grain, in four formats.

The published benchmark of image servers uses photographs of 2040 pixels, as JPEG of quality 75, PNG, WebP of quality 75 and
AVIF of quality 65. Its photographs are not redistributable; these replace them. Upscaled images alone would be too smooth and
easy to compress, so they are sharpened and get noise. The set is deterministic.
"""
import hashlib
import os

import numpy
import pyvips

from pixmill import ROOT

SIDE = 2040
# file extension and encoder settings
ENCODINGS = {
    "jpg": {"Q": 75, "optimize_coding": True},
    "png": {"compression": 6},
    "webp": {"Q": 75, "effort": 4},
    "avif": {"Q": 65, "effort": 3},
}
# in the corpora beside the repository, else under the same name in samples/
SOURCES = ["exif-orientation/Landscape_1.jpg", "photos/china.jpg", "photos/flower.jpg", "faces/obama-720p.jpg",
           "photos/rocket.jpg", "photos/coffee.png", "photos/chelsea.png", "photos/astronaut.png",
           "faces/grace_hopper.jpg", "faces/two_people.jpg", "photos/hubble_deep_field.jpg"]


def sources():
    """The available source images."""
    places = [os.path.join(ROOT, "../shared/corpora/dev"), os.path.join(ROOT, "samples")]
    found = []
    for name in SOURCES:
        paths = [os.path.join(places[0], name), os.path.join(places[1], os.path.basename(name))]
        found += [path for path in paths if os.path.exists(path)][:1]
    return found


def photograph(number, files):
    """Photograph `number`: a source image; in each further pass over the list a smaller crop of it, mirrored in every other pass."""
    turn, path = number // len(files), files[number % len(files)]
    image = pyvips.Image.new_from_file(path).autorot().colourspace("srgb").extract_band(0, n=3)
    if turn:
        share = max(0.4, 0.9 ** turn)
        width, height = int(image.width * share), int(image.height * share)
        image = image.crop((image.width - width) * (turn % 2), (image.height - height) // 2, width, height)
    image = image.fliphor() if turn % 2 else image
    scale = SIDE / max(image.width, image.height)
    sharp = image.cast("float").resize(scale, kernel="lanczos3").sharpen(sigma=1.2).colourspace("srgb")
    return grained(sharp.cast("float"), number).cast("uchar").copy(interpretation="srgb")


def grained(image, seed):
    """With luminance and chroma noise, slightly blurred as by demosaicing."""
    dice = numpy.random.Generator(numpy.random.PCG64(seed))
    luma = dice.standard_normal((image.height, image.width, 1), dtype=numpy.float32) * 5
    chroma = dice.standard_normal((image.height, image.width, 3), dtype=numpy.float32) * 1.6
    return image + pyvips.Image.new_from_array(luma + chroma).gaussblur(0.6) + 0.5


def make(options, tell):
    """The folder of the set, generated if absent, and a description of it."""
    files = sources()
    with open(__file__, "rb") as script:
        digest = hashlib.blake2b(script.read(), digest_size=6)
    for path in files:
        with open(path, "rb") as file:
            digest.update(hashlib.blake2b(file.read()).digest())
    folder = options.path("photos", digest.hexdigest(), "")
    for number in range(options.photos):
        if any(not os.path.exists(f"{folder}{name(number)}.{ending}") for ending in ENCODINGS):
            tell(f"photographs: {number + 1} of {options.photos}")
            write(photograph(number, files), folder, number)
    return folder, f"{options.photos} of {SIDE} px, derived from {', '.join(map(os.path.basename, files[:options.photos]))}"


def write(image, folder, number):
    image = image.copy_memory()
    for ending, settings in ENCODINGS.items():
        partial = f"{folder}partial.{ending}"
        image.write_to_file(partial, strip=True, **settings)
        os.rename(partial, f"{folder}{name(number)}.{ending}")


def name(number):
    """The file name without the extension."""
    return f"photo-{number + 1:03}"
