"""The words of the captions: what each thing is called. Tables only; sentences are made in `wording`.

The first word of an entry is the usual one and its name in a `Scene`; the others are synonyms.
"""

COLOURS = {
    "red": ("red", "crimson", "scarlet"),
    "orange": ("orange", "tangerine"),
    "yellow": ("yellow", "golden"),
    "green": ("green", "emerald"),
    "turquoise": ("turquoise", "teal", "aqua"),
    "blue": ("blue", "cobalt"),
    "purple": ("purple", "violet"),
    "pink": ("pink", "rosy"),
    "brown": ("brown", "chocolate"),
    "white": ("white", "ivory"),
    "black": ("black", "inky"),
}

SHAPES = {
    "circle": ("circle", "disc", "round dot"),
    "square": ("square", "box", "block"),
    "triangle": ("triangle", "pyramid"),
    "star": ("star", "five-pointed star"),
    "heart": ("heart", "valentine"),
    "cross": ("cross", "plus sign"),
    "ring": ("ring", "hoop", "doughnut"),
    "diamond": ("diamond", "rhombus"),
    "crescent": ("crescent", "moon"),
    "arrow": ("arrow", "pointer"),
}

SIZES = {
    "small": ("small", "little", "tiny"),
    "medium": ("medium-sized",),
    "large": ("large", "big", "huge"),
}

TEXTURES = {
    "plain": ("plain", "solid"),
    "striped": ("striped", "stripy", "with stripes"),
    "spotted": ("spotted", "dotted", "with spots", "with polka dots"),
    "chequered": ("chequered", "checked", "with checks"),
}

COUNTS = {
    1: ("a", "one", "a single"),
    2: ("two", "a pair of", "a couple of"),
    3: ("three", "a trio of", "several"),
}

BACKGROUNDS = {
    "night": ("at night", "on a dark background", "in the dark", "against the night sky"),
    "grass": ("on grass", "on a lawn", "in a meadow", "on a green field"),
    "sand": ("on sand", "on a beach", "in the desert"),
    "water": ("on water", "on the sea", "on the waves"),
    "snow": ("on snow", "in the snow", "on a pale background"),
    "concrete": ("on concrete", "on a grey background", "on the pavement"),
    "wood": ("on wood", "on a wooden table", "on planks"),
}

PLACES = {
    "left": ("to the left of", "left of", "on the left of"),
    "right": ("to the right of", "right of", "on the right of"),
    "above": ("above", "over"),
    "below": ("below", "under", "beneath"),
    "beside": ("beside", "next to", "near"),
}
"""Phrases for the relation of the first of two groups to the second: "a star `left of` two rings"."""

SHAPE_UNNAMED = ("shape", "object")
"""Nouns for someone who does not name the shape: "a red shape"."""
