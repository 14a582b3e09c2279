"""One set of colours for all pictures: Okabe and Ito (2008), told apart with every common colour vision.

Colour never stands alone: shape, dash or text says the same.
"""

from __future__ import annotations

__all__ = [
    "FONT",
    "GRID",
    "INK",
    "KIND_COLOURS",
    "KIND_NAMES",
    "LINE",
    "MUTED",
    "OURS",
    "PAPER",
    "RETURN",
    "RUNG_COLOURS",
    "SUBTLE",
]

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"

PAPER, INK, MUTED, SUBTLE, GRID = "#ffffff", "#1f2933", "#52606d", "#9aa5b1", "#e4e7eb"
OURS = BLUE
LINE = "#8795a1"
RETURN = ORANGE
FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"

KIND_COLOURS = {
    "seed": VERMILLION,
    "hop": "#ffffff",
    "exchange": BLUE,
    "mixer": PURPLE,
    "bridge": YELLOW,
    "service": "#7b8794",
    "resting": GREEN,
    "frontier": "#ffffff",
    "pool": SKY,
}

KIND_NAMES = {
    "seed": "seed",
    "hop": "address on the way",
    "exchange": "exchange",
    "mixer": "mixer",
    "bridge": "bridge",
    "service": "other service",
    "resting": "money resting",
    "frontier": "not followed further",
    "pool": "swap pool",
}

RUNG_COLOURS = {"E0": SUBTLE, "E1": SUBTLE, "E2": VERMILLION, "E3": VERMILLION, "E4": BLUE, "E5": "#ffffff"}
