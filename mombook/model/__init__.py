"""The problem: spectra, methods, families of methods to tune, and systems of rows."""
