"""Learning from outcomes: which approach has worked on which kind of problem."""
