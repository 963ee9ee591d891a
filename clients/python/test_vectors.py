"""Tests the library with the vectors that all libraries share: `python3 -m unittest` in this folder."""

import json
import pathlib
import unittest

from pixmill_url import PixmillError, build_url, sign_url, signed_text, srcset

VECTORS = json.loads((pathlib.Path(__file__).parent.parent / "vectors.json").read_text(encoding="utf-8"))


def sizes(case):
    return {name: case.get(name) for name in ("widths", "densities")}


class Vectors(unittest.TestCase):
    maxDiff = None

    def each(self, kind):
        self.assertGreaterEqual(len(VECTORS[kind]), 5)
        for case in VECTORS[kind]:
            with self.subTest(case.get("name") or case["error"]):
                yield case

    def test_build(self):
        for case in self.each("build"):
            self.assertEqual(build_url(case["base"], case["path"], case["params"]), case["url"])

    def test_sign(self):
        for case in self.each("sign"):
            options = {"upload": case["upload"], "strip_prefix": case["strip_prefix"]}
            self.assertEqual(signed_text(case["url"], **options), case["text"])
            self.assertEqual(sign_url(case["url"], case["key"], **options), case["signed"])

    def test_srcset(self):
        for case in self.each("srcset"):
            arguments = case["base"], case["path"], case["params"]
            self.assertEqual(srcset(*arguments, **sizes(case)), case["srcset"])
            self.assertEqual(srcset(*arguments, **sizes(case), key=case["key"]), case["signed"])

    def test_refused(self):
        for case in self.each("refused"):
            with self.assertRaises(PixmillError) as caught:
                if case["call"] == "sign":
                    sign_url(case["url"], case["key"], strip_prefix=case.get("strip_prefix", ""))
                elif case["call"] == "build":
                    build_url(case["base"], case["path"], case["params"])
                else:
                    srcset(case["base"], case["path"], case["params"], **sizes(case))
            self.assertEqual(str(caught.exception), case["error"])

    def test_numbers_that_are_none(self):
        for width in (float("nan"), float("inf"), 10**400):
            with self.assertRaisesRegex(PixmillError, "width: expected a whole number"):
                build_url("", "/a.jpg", {"width": width})
        with self.assertRaises(PixmillError):
            build_url("", "/a.jpg", {"layers": [{"text": "a", "x": float("inf")}]})


if __name__ == "__main__":
    unittest.main()
