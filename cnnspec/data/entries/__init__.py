"""The data sources, by family."""
