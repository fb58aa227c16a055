"""The 240 colours that every 256-colour terminal draws alike, and the nearest of them to a given one.

Always true here: the first sixteen are never chosen, for those are whatever the person made of them. Nearness is the
distance in Oklab (B. Ottosson, "A perceptual color space for image processing", 2020).
"""

from __future__ import annotations

from functools import lru_cache

_STEPS = (0, 95, 135, 175, 215, 255)
_FIRST_OF_CUBE, _FIRST_GREY = 16, 232

Rgb = tuple[int, int, int]


def triplet(colour: str) -> Rgb:
    """``#rrggbb`` as three numbers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def rgb_of(number: int) -> Rgb:
    """What a terminal draws for colour 16 … 255."""
    if number >= _FIRST_GREY:
        grey = 8 + 10 * (number - _FIRST_GREY)
        return grey, grey, grey
    red, rest = divmod(number - _FIRST_OF_CUBE, 36)
    green, blue = divmod(rest, 6)
    return _STEPS[red], _STEPS[green], _STEPS[blue]


@lru_cache(maxsize=512)
def nearest(colour: str) -> int:
    """The number of the colour that looks most like ``#rrggbb``."""
    wanted = oklab(triplet(colour))
    return min(
        range(_FIRST_OF_CUBE, 256),
        key=lambda number: sum((a - b) ** 2 for a, b in zip(wanted, oklab(rgb_of(number)), strict=True)),
    )


@lru_cache(maxsize=512)
def oklab(rgb: Rgb) -> tuple[float, float, float]:
    """Lightness, green to red, blue to yellow."""
    red, green, blue = (linear(part) for part in rgb)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def linear(part: int) -> float:
    """One part of an sRGB colour as light (IEC 61966-2-1)."""
    share = part / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
