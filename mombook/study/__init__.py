"""Questions asked of the engine: advice, symptoms, races, searches for counterexamples, exponents and maps."""
