"""Random numbers, the same on every library: Threefry, with the two words of a seed as key and number of the draw."""

from __future__ import annotations

from keras.src.random.seed_generator import SeedGenerator as SeedGenerator
from keras.src.random.seed_generator import draw_seed as draw_seed
from keras.src.random.seed_generator import make_default_seed as make_default_seed
