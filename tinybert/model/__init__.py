"""BERT on the engine seam: shape, network, weights, layer map and the student's start."""
