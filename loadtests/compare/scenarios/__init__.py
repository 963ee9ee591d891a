"""One module a scenario; each has `run(bench)`, where `bench` is a `Bench` of ../bench.py."""
