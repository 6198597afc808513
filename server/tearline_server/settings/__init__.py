"""Tables of the exchange's settings that are parsed apart."""
