"""A progress line on standard error."""
import sys
import time

WIDTH = 24


class Progress:
    """Progress over `parts` scenarios; each reports its own share, 0 to 1."""

    def __init__(self, parts):
        self.parts, self.number, self.share = max(1, parts), 0, 0.0
        self.began = self.start = time.monotonic()
        self.told = 0.0
        self.screen = sys.stderr.isatty()

    def next(self):
        """The next scenario begins."""
        self.number, self.share, self.start = self.number + 1, 0.0, time.monotonic()

    def since(self):
        """Seconds since the scenario began."""
        return time.monotonic() - self.start

    def __call__(self, text, share=None, keep=False):
        """Shows a text and the progress; with `keep` the line stays."""
        if share is not None:
            self.share = min(1.0, share)
        elapsed = time.monotonic() - self.began
        if not self.screen and not keep and elapsed - self.told < 5 and self.told:
            return
        self.told = elapsed
        done = (max(0, self.number - 1) + self.share) / self.parts
        bar = "#" * int(WIDTH * done)
        clock = f"{int(elapsed) // 60}:{int(elapsed) % 60:02}"
        line = f"[{bar:-<{WIDTH}}] {clock} {text}"
        if self.screen:
            print(f"\r\033[K{line[:110]}", end="\n" if keep else "", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def end(self):
        """Clears the line."""
        if self.screen:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
