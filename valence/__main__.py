"""`python -m valence` is `valence`."""

from valence.cli import main

main()
