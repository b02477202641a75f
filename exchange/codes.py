"""Pick-up codes: eight letters and digits that nobody confuses when reading them aloud."""

import secrets

ALPHABET = "3479ACDEFHJKMNPQRTUVWXY"  # without 0 O, 1 I L, 2 Z, 5 S, 6 G, 8 B
LENGTH = 8
# What people type instead, on a phone or from a note.
_BARE = str.maketrans("", "", " -－—·　")


def new() -> str:
    """One of 78 billion; the database refuses the one that was there before."""
    return "".join(secrets.choice(ALPHABET) for _place in range(LENGTH))


def read(text: str) -> str:
    """The code in what somebody typed or scanned; empty when there is none.

    Takes spaces and dashes, small and full-width letters, and the address of a QR code.
    """
    text = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in text.strip()[:300])
    text = text.rstrip("/").rpartition("/")[2].translate(_BARE).upper()
    return text if len(text) == LENGTH and set(text) <= set(ALPHABET) else ""
