"""Expectations without sampling: contraction gaps, second moments, stability thresholds, schedules and row systems."""
