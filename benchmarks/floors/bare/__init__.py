"""Plain Django views over the same rows, behind the middleware of a new project: the floor of B8 and B9."""
