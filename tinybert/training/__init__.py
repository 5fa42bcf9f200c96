"""Objectives, optimiser schedule, the training loop and its checkpoints."""
