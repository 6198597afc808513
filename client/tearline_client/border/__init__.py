"""Where packets cross: sealing and checking what goes out, verifying and obeying what came."""
