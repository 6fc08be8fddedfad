"""Synthetic entries to train the shipped dictionary on; see ``benchmarks.train_dictionary``."""
