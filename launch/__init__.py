"""The launcher of dtrain: starts the ranks of a job, watches them, and ends them together.

It imports neither dtrain nor numpy nor mpi4py: it starts at once and no numeric library can take
it down.
"""
