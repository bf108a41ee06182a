"""One file per library: the four nets, their training and their inference, as a user of the library writes them."""
