"""A feature that has a trigger and nothing else."""
