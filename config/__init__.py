"""The composition root: it imports every part and nothing imports it."""
