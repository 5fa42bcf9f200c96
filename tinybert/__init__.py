"""The TinyBERT pipeline: fine-tune a teacher, distil a student, evaluate, time and export it, on OneFlow or PyTorch."""

__version__ = "0.1.0"
