"""Best parameters: for the long run, for a finite horizon or a budget of samples, for rows, and as a schedule."""
