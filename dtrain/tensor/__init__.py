"""Tensors: arrays, operators on them, and the graph that the operators record."""
