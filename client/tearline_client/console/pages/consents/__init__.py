"""Pages of consents to the onward use of packets: asked, given, refused, withdrawn."""
