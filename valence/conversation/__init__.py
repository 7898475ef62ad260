"""A turn of conversation: what a message asks, which finds answer it, what is said and kept."""
