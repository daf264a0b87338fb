"""Writes the vectors of the form in which texts are compared into `v1/`, as `make_vectors` does.

python tests/golden/make_caseless_vectors.py
"""

from typing import Final

from protocol.caseless import caseless
from tests.golden.make_vectors import write

TEXTS: Final = {
    "ascii": "Met Bob at 15:04. @Work",
    "composed": "caf\u00e9 \u00c9T\u00c9",
    "decomposed": "cafe\u0301 E\u0301TE\u0301",
    "two_marks": "e\u0301\u0323 \u1eb9\u0301 \u00e9\u0323",
    "sharp_s": "Stra\u00dfe STRASSE STRA\u1e9eE",
    "sigma": "\u039b\u038c\u0393\u039f\u03a3 \u03bb\u03cc\u03b3\u03bf\u03c2",
    "iota_below": "\u1f80 \u03b1\u0345\u0313 \u1f88",
    "turkish": "\u0130stanbul I\u0307zmir I\u015f\u0131k i\u0307\u0307",
    "widths": "\uff30\uff23\uff12\uff10 \uff76\uff9e\uff70\uff84\uff9e \u30ab\uff9e \uff0c\uff20",
    "hangul": "\u1112\u1161\u11ab \ud55c \uffbe\uffc2",
    "singletons": "\u212b \u2126 \uf900",
    "not_compatible": "x\u00b2 \ufb01 \u2026 \u2460 \u3392",
    "controls": "a\t\\b\n\u0000\r\u001b[31m\u0085\u2028\ufeff",
    "many_marks": "q" + "\u0301\u0323" * 31 + " \u0f73" * 2,
}


if __name__ == "__main__":
    write(
        {
            "caseless": lambda: {
                name: {"text": text, "form": caseless(text)} for name, text in TEXTS.items()
            }
        }
    )
