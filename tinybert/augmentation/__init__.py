"""Augmentation: candidates for each word, from a masked language model and from word vectors, and seeded draws of new rows."""
