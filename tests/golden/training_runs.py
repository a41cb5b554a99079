"""What the scripts that write golden training runs have in common: the random numbers, which tests/training/runs.hpp
draws in the same order, and the C++ that they write."""

import re

ROWS, DIM, STEPS = 8, 5, 100
POSITIONS, BAGS = 12, 4


class Draws:
    """A linear congruential generator of 64 bits. All values are multiples of 1/64, so that sums are exact."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % bound

    def values(self, count):
        return [(self.below(129) - 64) / 64 for _ in range(count)]


class Run:
    """The lookups of a run: embedding(), or, with a pooling, bags of three positions."""

    def __init__(self, seed, pooling=None, weighted=False, all_rows=False, padding=None, by_frequency=False):
        self.seed = seed
        self.pooling, self.weighted, self.all_rows = pooling, weighted, all_rows
        self.padding, self.by_frequency = padding, by_frequency
        self.draws = Draws(seed)
        self.table = self.draws.values(ROWS * DIM)

    def next_step(self):
        """Indices, weights and the gradient of the output."""
        indices = [
            position if self.all_rows and position < ROWS else self.draws.below(ROWS) for position in range(POSITIONS)
        ]
        weights = self.draws.values(POSITIONS) if self.weighted else None
        return indices, weights, self.draws.values((BAGS if self.pooling else POSITIONS) * DIM)

    def cxx(self):
        flags = ", ".join(str(flag).lower() for flag in (self.weighted, self.all_rows, self.by_frequency))
        pooling = f"Pooling::{self.pooling}" if self.pooling else "std::nullopt"
        padding = "std::nullopt" if self.padding is None else str(self.padding)
        return f"{{{self.seed}, {pooling}, {flags}, {padding}}}"


def number(value):
    return re.sub(r"\.?0*p", "p", float(value).hex()) + "F"


def numbers(values):
    return "{" + ", ".join(number(value) for value in values) + "}"


def fields(named):
    """Designated initialisers; a tuple is a WeightDecay."""
    parts = []
    for name, value in named.items():
        if isinstance(value, tuple):
            value = f"{{{number(value[0])}, {str(value[1]).lower()}}}"
        elif isinstance(value, bool):
            value = str(value).lower()
        elif not isinstance(value, str):
            value = number(value)
        parts.append(f".{name} = {value}")
    return "{" + ", ".join(parts) + "}"
