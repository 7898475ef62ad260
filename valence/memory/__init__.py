"""What Valence remembers and knows: taken in, linked into the graph, found again."""
