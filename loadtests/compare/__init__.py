"""Pixmill beside other image servers, on the same pictures, in interleaved rounds. See ../README.md."""
