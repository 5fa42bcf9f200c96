"""The versioned images that stages run in: what they are made of, whether they are built, and building them."""
