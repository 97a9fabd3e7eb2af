"""Seeds of samples, from that of their experiment."""


def seed_of_sample(seed: int, sample: int) -> int:
    """An unsigned 64-bit seed; the samples of an experiment get unrelated ones (splitmix64, Steele et al. 2014)."""
    mask = (1 << 64) - 1
    z = (seed * 0x9E3779B97F4A7C15 + sample * 0xD1342543DE82EF95 + 0x632BE59BD9B4E019) & mask
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & mask
    return z ^ z >> 31
