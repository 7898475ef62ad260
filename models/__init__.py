"""Everything that predicts: local runtime, trainer process, frontier clients, builtin floor."""
