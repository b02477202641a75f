"""12345 and other outside platforms: their orders in, our answers out (docs/hotline.md)."""
