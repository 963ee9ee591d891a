"""Equal work: every response must have the requested format and size, and its quality is reported with its cost.

The reference of a response is the lossless photograph from which the originals in all formats were encoded, resized to the size of
the response in floating point with a Lanczos kernel (3 lobes). SSIMULACRA2: 100 is identical, 90 visually lossless, 70 high quality.
"""
import concurrent.futures
import hashlib
import os
import statistics
from dataclasses import dataclass, field

import pyvips
import ssimulacra2

LOADERS = {"jpegload_buffer": "jpeg", "pngload_buffer": "png", "webpload_buffer": "webp", "heifload_buffer": "avif"}
# pixels of a cell that are scored: a score takes a quarter of a second at 512 px, in proportion to the pixels
PIXELS_SCORED = 4 * 512 * 512
# pixels of a side that the metric needs
LEAST = 256


@dataclass
class Verdict:
    """The checks of the responses of one server to one list of requests."""

    wrong: list = field(default_factory=list)
    sizes: list = field(default_factory=list)
    scores: list = field(default_factory=list)

    @property
    def fault(self):
        """Why the work is not equal; empty if it is."""
        if not self.wrong:
            return ""
        return f"{self.wrong[0]}" + (f" and {len(self.wrong) - 1} more" if len(self.wrong) > 1 else "")

    @property
    def bytes(self):
        """Mean size of a body."""
        return statistics.mean(self.sizes) if self.sizes else None

    @property
    def mean(self):
        """Mean SSIMULACRA2."""
        return statistics.mean(self.scores) if self.scores else None

    @property
    def worst(self):
        """Least SSIMULACRA2."""
        return min(self.scores, default=None)


class Guard:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.verdicts, self.answers, self.originals = {}, {}, {}

    def keep(self, cell, peer):
        """A function that checks and stores the responses of a server: `keep` of client.ask."""
        verdict = self.verdicts.setdefault((cell, peer.name), Verdict())
        place = hashlib.blake2b(f"{cell} {peer.name}".encode(), digest_size=8).hexdigest()

        def take(request, status, body):
            problem = self.problem(request, status, body)
            if problem:
                verdict.wrong.append(f"{request.file}: {problem}")
                return
            verdict.sizes.append(len(body))
            kept = hashlib.blake2b(repr(request).encode(), digest_size=8).hexdigest()
            path = self.options.path("answers", place, kept)
            with open(path, "wb") as file:
                file.write(body)
            self.answers.setdefault((cell, peer.name), []).append((request, path))

        return take

    def problem(self, request, status, body):
        if status != 200:
            return f"answered {status}"
        try:
            image = pyvips.Image.new_from_buffer(body, "")
            image.avg()
        except pyvips.Error:
            return "not an image"
        found = LOADERS.get(image.get("vips-loader"))
        if found != request.output:
            return f"{found} instead of {request.output}"
        wanted = request.expected(*self.size(request))
        if abs(image.width - wanted[0]) > 1 or abs(image.height - wanted[1]) > 1:
            return f"{image.width}×{image.height} instead of {wanted[0]}×{wanted[1]}"
        return None

    def size(self, request):
        """Width and height of the original."""
        if request.photo not in self.originals:
            image = pyvips.Image.new_from_file(f"{self.folder}{request.photo}.png")
            self.originals[request.photo] = image.width, image.height
        return self.originals[request.photo]

    def score(self, tell):
        """Scores some responses of each cell, the same ones for every server."""
        tasks = []
        for key, answers in self.answers.items():
            # ordered by the hash of the request: a sample that is the same for each server
            uncut = sorted((answer for answer in answers if not answer[0].crop), key=lambda answer: os.path.basename(answer[1]))
            left = PIXELS_SCORED
            for request, path in uncut:
                pixels = request.width * request.height
                if pixels <= left or left == PIXELS_SCORED:
                    tasks.append((key, f"{self.folder}{request.photo}.png", path))
                    left -= pixels
        with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
            scores = pool.map(score, [task[1] for task in tasks], [task[2] for task in tasks])
            for number, (task, found) in enumerate(zip(tasks, scores)):
                tell(f"comparing pictures: {number + 1} of {len(tasks)}")
                self.verdicts[task[0]].scores.append(found)


def score(original, answer):
    """SSIMULACRA2 of a response against the lossless photograph at its size."""
    image = pyvips.Image.new_from_file(answer)
    if image.hasalpha():
        image = image.flatten()
    lossless = pyvips.Image.new_from_file(original)
    reference = f"{original}-{image.width}x{image.height}.reference"
    if not os.path.exists(reference):
        scaled = lossless.cast("float").resize(image.width / lossless.width, vscale=image.height / lossless.height,
                                               kernel="lanczos3")
        partial = f"{reference}.{os.getpid()}"
        extended((scaled + 0.5).cast("uchar").copy(interpretation="srgb")).pngsave(partial, compression=0)
        os.rename(partial, reference)
    decoded = f"{answer}.decoded.png"
    extended(image.colourspace("srgb")).pngsave(decoded, compression=0, strip=True)
    found = ssimulacra2.compute_ssimulacra2(reference, decoded)
    os.remove(decoded)
    return found


def extended(image):
    """Extended by mirroring if it is small: the metric works at six scales, each half the size of the previous one."""
    width, height = max(image.width, LEAST), max(image.height, LEAST)
    if (width, height) == (image.width, image.height):
        return image
    return image.embed((width - image.width) // 2, (height - image.height) // 2, width, height, extend="mirror")
