"""Interleaved rounds: A B C, then C B A, until the time is up."""
import itertools
import statistics
import time


def mirrored(peers, seconds, tell, least=1):
    """Yields every peer in the given order, then in reverse, as long as further pairs of rounds fit; at least `least` pairs."""
    began, longest = time.monotonic(), 0.0
    seconds = max(seconds, 0.001)
    for pair in itertools.count():
        start = time.monotonic()
        if pair >= least and start + longest > began + seconds:
            return
        for half, order in enumerate((peers, peers[::-1])):
            for peer in order:
                tell(f"round {2 * pair + half + 1}: {peer.name}", (time.monotonic() - began) / seconds)
                yield peer
        longest = max(longest, time.monotonic() - start)


def middle(values):
    """The median, and half the range as noise; none if there are no values."""
    values = [value for value in values if value is not None]
    if not values:
        return None, None
    return statistics.median(values), (max(values) - min(values)) / 2


def percentile(values, part):
    """The value at this quantile, 0 to 1."""
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))]
