"""One module a view; each is a pure function of a frame and a size that returns lines."""
