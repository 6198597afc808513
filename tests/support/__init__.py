"""What tests share: federations, exchanges, nodes and stores, and how they are asked."""
