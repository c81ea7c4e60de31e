"""Grids of scenarios on any executor: the grid, the run, its workers, its folder and its results."""
