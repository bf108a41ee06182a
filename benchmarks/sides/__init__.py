"""One file for each library: how a person writes the four nets in it, trains and asks them."""
