"""From a table of data to a spectrum and a noise factor."""
