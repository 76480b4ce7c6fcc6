"""Seeds of random numbers that depend on nothing but what they are for."""

from hashlib import blake2b


def seed_for(*parts: object) -> int:
    """A seed for torch's generators that is a function of `parts`, and unrelated for other parts."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
