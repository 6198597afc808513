"""A packet from its contents to its partners: the form, each partner's view, and the sending."""
